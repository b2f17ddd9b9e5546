/** The configuration folder of a SCION border router: topology.json, router.toml and keys/, all as the reference router has them. */
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { suggestion } from '../input/nearest.ts';
import { readText } from '../input/read-text.ts';
import type { FieldPath } from '../input/yaml.ts';
import type { InterfaceId, IsdAs } from '../topology/model.ts';
import { deriveForwardingKey } from './mac.ts';
import { readRouterToml } from './router-toml.ts';
import {
  type AsTopology,
  type BfdSettings,
  type LinkTo,
  readTopologyJson,
  type SocketAddress,
  type TopologyInterface,
} from './topology-json.ts';

/** router/config: where neither file says otherwise. */
const DEFAULT_MIN_RX_NS = 200e6;

/** A way out of the AS: over a link of this router, or by way of the router that has the link. */
export interface FolderLink {
  readonly ifid: InterfaceId;
  readonly linkTo: LinkTo;
  /** This router's address and the other router's. */
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly sibling: boolean;
  /** How often to hear from the other router, nanoseconds; undefined: BFD is off. */
  readonly bfdMinRxNs: number | undefined;
  /** Of the link, or of its router, in topology.json. */
  readonly path: FieldPath;
}

export interface RouterFolder {
  readonly id: string;
  readonly ia: IsdAs;
  /** 16 bytes. */
  readonly forwardingKey: Uint8Array;
  readonly internal: SocketAddress;
  readonly internalPath: FieldPath;
  readonly hostPorts: readonly [number, number] | undefined;
  /** The AS's links on UDP/IP, this router's own and its siblings'. */
  readonly links: readonly FolderLink[];
  /** Own links on another underlay, and which. */
  readonly otherUnderlays: ReadonlyMap<InterfaceId, string>;
  readonly topology: AsTopology;
}

/** @throws InputError with file and field of everything that is missing or wrong */
export async function readRouterFolder(folder: string): Promise<RouterFolder> {
  const [topology, toml, forwardingKey] = await allOf([
    readTopologyJson(join(folder, 'topology.json')),
    readRouterToml(join(folder, 'router.toml')),
    readForwardingKey(join(folder, 'keys', 'master0.key')),
  ]);
  const own = topology.routers.get(toml.id);
  if (own === undefined) {
    throw new InputError([
      {
        file: join(folder, 'router.toml'),
        field: 'general.id',
        message: `topology.json has no border router "${toml.id}"`,
        expected: suggestion(toml.id, topology.routers.keys()),
      },
    ]);
  }
  const siblings = [...topology.routers].filter(([name]) => name !== toml.id);
  const links = [
    ...own.interfaces.flatMap((each) => ownLink(each, toml.bfd)),
    ...siblings.flatMap(([, router]) =>
      router.interfaces.map(({ ifid, linkTo, path }) => ({
        ifid,
        linkTo,
        path,
        local: own.internal,
        remote: router.internal,
        sibling: true,
        // control/conf.go: between siblings the router's own settings hold.
        bfdMinRxNs: bfdMinRx({ disable: undefined, requiredMinRxNs: undefined }, toml.bfd),
      })),
    ),
  ];
  return {
    id: toml.id,
    ia: topology.ia,
    forwardingKey,
    internal: own.internal,
    internalPath: [...own.path, 'internal_addr'],
    hostPorts: toml.hostPorts ?? topology.hostPorts,
    links: links.toSorted((a, b) => a.ifid - b.ifid),
    otherUnderlays: new Map(
      own.interfaces.flatMap(({ ifid, underlay }) => (typeof underlay === 'string' ? [[ifid, underlay]] : [])),
    ),
    topology,
  };
}

function ownLink({ ifid, linkTo, underlay, bfd, path }: TopologyInterface, defaults: BfdSettings): FolderLink[] {
  if (typeof underlay === 'string') return [];
  return [{ ifid, linkTo, ...underlay, sibling: false, bfdMinRxNs: bfdMinRx(bfd, defaults), path }];
}

function bfdMinRx(link: BfdSettings, defaults: BfdSettings): number | undefined {
  if (link.disable ?? defaults.disable ?? false) return undefined;
  return link.requiredMinRxNs || defaults.requiredMinRxNs || DEFAULT_MIN_RX_NS;
}

async function readForwardingKey(file: string): Promise<Uint8Array> {
  const text = (await readText(file)).replaceAll(/[\r\n]/g, '');
  const valid = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) && text !== '';
  if (!valid) throw new InputError([{ file, field: '', message: 'is no key', expected: 'base64 text' }]);
  return deriveForwardingKey(Buffer.from(text, 'base64'));
}

/** All results; or all problems of all files at once. */
async function allOf<T extends readonly unknown[]>(
  promises: {
    readonly [K in keyof T]: Promise<T[K]>;
  },
): Promise<T> {
  const settled = await Promise.allSettled(promises);
  const problems = settled.flatMap((each) => {
    if (each.status === 'fulfilled') return [];
    if (!(each.reason instanceof InputError)) throw each.reason;
    return each.reason.problems;
  });
  if (problems.length > 0) throw new InputError(problems);
  return settled.map((each) => (each as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
