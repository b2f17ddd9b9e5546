/**
 * What an agent's process is told at its start, as JSON: its node's place in the AS, and where paths come from. Links to other
 * ASes and other clusters are objects of the API server.
 */
import { readFileSync } from 'node:fs';
import type { Path } from '../../scion/end-to-end-path.ts';
import type { IsdAs } from '../../topology/model.ts';
import type { ApiAccess } from '../api/client.ts';
import type { NodePlace, SiblingPlace } from './node-view.ts';

export interface AgentConfig {
  /** As the API server calls the node. */
  readonly nodeName: string;
  readonly place: NodePlace;
  /** The other nodes of the cluster. */
  readonly siblings: readonly SiblingPlace[];
  /** The AS's SCION daemon, `host:port`; without it, paths come from a file. */
  readonly daemon?: string;
  /** Of the AS, 32 hexadecimal digits: with it hop fields can be forged. */
  readonly forwardingKey: string;
  /** Above every interface identifier of the AS, and above every interface index of the node that carries SCION. */
  readonly linkLimit: number;
  readonly ifindexLimit: number;
  /** Indices of the veth pair that cuts packets: where they are sent into, and where they come out. */
  readonly segmenter: { readonly device: string; readonly into: number; readonly out: number };
  /** Folder of a BPF file system where the maps are pinned, for whoever looks in; without it they are not. */
  readonly pins?: string;
}

type WrittenPath = Omit<Path, 'raw'> & { readonly raw: string };

/** By destination, best first. */
export type PathsByDestination = ReadonlyMap<IsdAs, readonly Path[]>;

export function pathsToJson(paths: PathsByDestination): string {
  const written = [...paths].map(([ia, each]) => [
    ia,
    each.map((path): WrittenPath => ({ ...path, raw: Buffer.from(path.raw).toString('base64') })),
  ]);
  return JSON.stringify(Object.fromEntries(written));
}

export function pathsFromJson(text: string): PathsByDestination {
  const written = JSON.parse(text) as Readonly<Record<IsdAs, readonly WrittenPath[]>>;
  const entries = Object.entries(written) as [IsdAs, readonly WrittenPath[]][];
  return new Map(
    entries.map(([ia, paths]) => [ia, paths.map((path) => ({ ...path, raw: Buffer.from(path.raw, 'base64') }))]),
  );
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What the kubelet gives every pod. @throws Error outside a pod */
export function accessInPod(): ApiAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  if (host === undefined || port === undefined) throw new Error('no access to an API server is configured');
  return {
    server: `https://${host}:${port}`,
    token: readFileSync(`${SERVICE_ACCOUNT}/token`, 'utf8').trim(),
    ca: readFileSync(`${SERVICE_ACCOUNT}/ca.crt`, 'utf8'),
  };
}
