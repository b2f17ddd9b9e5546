/** What a line of a lab's journal says. */

/**
 * What has to be undone. Processes are not here: each runs inside a namespace of the lab, and undoing the namespace
 * ends whatever runs in it, also what a crash left no record of. Containers have namespaces that nobody has named: their
 * processes are known by their control group.
 */
export type JournalEntry =
  | { readonly kind: 'namespace'; readonly name: string }
  | { readonly kind: 'bpffs'; readonly path: string }
  /** A socket that a program insists on having outside the lab's folder. */
  | { readonly kind: 'file'; readonly path: string }
  /** A folder outside the lab's own, with all that is in it. */
  | { readonly kind: 'folder'; readonly path: string }
  /** Containers: the control group that all of them are in, and the namespace of the daemon that starts them. */
  | { readonly kind: 'containers'; readonly cgroup: string; readonly daemon: string }
  /** A setting of the whole machine that something in the lab changes, with the value that it had. */
  | { readonly kind: 'setting'; readonly name: string; readonly value: string };

/** Undefined for a line that says nothing. */
export function parseEntry(line: string): JournalEntry | undefined {
  try {
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>> | null;
    const { kind, name, path, value, cgroup, daemon } = entry ?? {};
    if (kind === 'namespace' && typeof name === 'string') return { kind, name };
    if ((kind === 'bpffs' || kind === 'file' || kind === 'folder') && typeof path === 'string') return { kind, path };
    if (kind === 'setting' && typeof name === 'string' && typeof value === 'string') return { kind, name, value };
    if (kind === 'containers' && typeof cgroup === 'string' && typeof daemon === 'string')
      return { kind, cgroup, daemon };
  } catch {
    // No JSON: damaged like any other line that says nothing.
  }
  return undefined;
}
