/** The plan's pods in a kind cluster: real ones, on the plan's nodes, whose network namespaces the lab then wires. */
import { readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { NamespaceId, PodPlan } from '../../emulator/plan.ts';
import { LabError } from '../../errors.ts';
import type { InputFile } from '../../scenario/model.ts';
import { LAB_NAMESPACE } from '../policy/manifests.ts';
import type { Kubernetes } from './backend.ts';
import { madePod } from './kind-config.ts';

/** Of the node image: it waits, and has a shell for whoever looks in. */
const IMAGE = 'cilion.test/busybox:1';
const WAIT = ['sleep', '2147483647'];
/** Far beyond what it takes on a machine that does much else. */
const READY = '--timeout=300s';
/** What of a cluster's manifests goes to its API server as it is; pods go as the plan has them. */
const APPLIED: ReadonlySet<unknown> = new Set(['Service', 'ScionPathPolicy']);

interface Labelled {
  readonly kind?: unknown;
  readonly spec?: { readonly ports?: unknown };
}

/** @param nodeName As the API server calls the pod's node. */
export function podObject({ name, labels }: Pick<PodPlan, 'name' | 'labels'>, nodeName: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: LAB_NAMESPACE, labels },
    spec: {
      nodeName,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'wait', image: IMAGE, imagePullPolicy: 'Never', command: WAIT }],
    },
  };
}

/** Services and path policies. A service without ports has no address, which only one that is `headless` may lack. */
export function appliedObjects(files: readonly InputFile[]): object[] {
  const documents = files.flatMap(({ text }) => parseAllDocuments(text).map((each) => each.toJS() as Labelled | null));
  return documents.flatMap((document) => {
    if (document === null || !APPLIED.has(document.kind)) return [];
    const headless = document.kind === 'Service' && document.spec?.ports === undefined;
    return [headless ? { ...document, spec: { ...document.spec, clusterIP: 'None' } } : document];
  });
}

/**
 * Resolves when all pods run.
 * @param scratch Folder for what kubectl reads.
 * @throws LabError
 */
export async function startPods({ kubectl }: Kubernetes, objects: readonly object[], scratch: string): Promise<void> {
  if (objects.length === 0) return;
  // Until the controllers have made it, pods are refused.
  await kubectl(['wait', '--for=create', 'serviceaccount/default', `--namespace=${LAB_NAMESPACE}`, READY]);
  await applyObjects(kubectl, objects, `${scratch}-pods.json`);
  await kubectl(['wait', '--for=condition=Ready', 'pod', '--all', `--namespace=${LAB_NAMESPACE}`, READY]);
}

export async function applyObjects(
  kubectl: Kubernetes['kubectl'],
  objects: readonly object[],
  file: string,
): Promise<void> {
  if (objects.length === 0) return;
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  await kubectl(['apply', '--server-side', '-f', file]);
}

/** A process in the network namespace of each pod, which runs on the node with this process. @throws LabError */
export function podProcesses(pods: readonly PodPlan[], node: number): Map<NamespaceId, number> {
  const root = `/proc/${node}/root`;
  const inodes = pods.map((pod) => {
    // As the node has it; a link on the way there would lead back to the host's root.
    const path = readFileSync(`${root}${madePod(pod)}`, 'utf8').trim();
    return { pod, namespace: `net:[${statSync(`${root}/run/netns/${basename(path)}`).ino}]` };
  });
  const processes = processesByNamespace();
  return new Map(
    inodes.map(({ pod, namespace }) => {
      const pid = processes.get(namespace);
      if (pid === undefined) throw new LabError(`no process runs in the network namespace of pod ${pod.name}`);
      return [pod.namespace, pid] as const;
    }),
  );
}

/** The link of each network namespace in which a process runs → one of them. */
function processesByNamespace(): Map<string, number> {
  const found = new Map<string, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      found.set(readlinkSync(`/proc/${entry}/ns/net`), Number(entry));
    } catch {
      // It has ended since the listing.
    }
  }
  return found;
}
