/** Which processes run in named network namespaces. */
import { readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from 'node:fs';

export const NETNS_ROOT = '/run/netns';

/** statfs(2): the file system of namespaces. */
const NSFS_MAGIC = 0x6e736673;
const PAGE_BYTES = 4096;

export interface NamespaceProcess {
  readonly pid: number;
  /** Name in `ip netns` of the namespace that it runs in. */
  readonly namespace: string;
  readonly command: string;
  /** In memory now, shared pages counted in full. */
  readonly residentBytes: number;
}

/** Names that `ip netns` shows, files that are no namespace any more (after a restart of the machine) included. */
export function namespaceFiles(): string[] {
  try {
    return readdirSync(NETNS_ROOT).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Whether a namespace is behind the name. */
export function isNamespace(name: string): boolean {
  try {
    return statfsSync(`${NETNS_ROOT}/${name}`).type === NSFS_MAGIC;
  } catch {
    return false;
  }
}

/** Every process whose network namespace is one of these; those of other users only for root. */
export function processesIn(names: readonly string[]): NamespaceProcess[] {
  const byLink = new Map(names.filter(isNamespace).map((name) => [linkOf(name), name]));
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const pid = Number(entry);
      const namespace = byLink.get(read(() => readlinkSync(`/proc/${pid}/ns/net`)) ?? '');
      return namespace === undefined ? [] : [describe(pid, namespace)];
    });
}

function linkOf(name: string): string {
  return `net:[${statSync(`${NETNS_ROOT}/${name}`).ino}]`;
}

function describe(pid: number, namespace: string): NamespaceProcess {
  const command = read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '';
  const pages = read(() => readFileSync(`/proc/${pid}/statm`, 'utf8'))?.split(' ')[1] ?? '0';
  return { pid, namespace, command: command.replaceAll('\0', ' ').trim(), residentBytes: Number(pages) * PAGE_BYTES };
}

/** Undefined for a process that ended between the listing and the look, or belongs to somebody else. */
function read(look: () => string): string | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
