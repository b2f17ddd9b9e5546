/** The lab's journal: every object that outlives a process is written here before it is made. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { LabDirectory } from './lab-directory.ts';

/**
 * What has to be undone. Processes are not here: each runs inside a namespace of the lab, and undoing the namespace
 * ends whatever runs in it, also what a crash left no record of.
 */
export type JournalEntry =
  | { readonly kind: 'namespace'; readonly name: string }
  | { readonly kind: 'bpffs'; readonly path: string };

export class Journal {
  readonly #path: string;

  constructor(lab: LabDirectory) {
    this.#path = lab.path('journal.ndjson');
  }

  record(entries: readonly JournalEntry[]): void {
    appendFileSync(this.#path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { flush: true });
  }

  /** Newest first. A last line that a crash cut short names nothing that was made. */
  backwards(): JournalEntry[] {
    if (!existsSync(this.#path)) return [];
    const lines = readFileSync(this.#path, 'utf8').split('\n');
    lines.pop();
    return lines.map((line) => JSON.parse(line) as JournalEntry).reverse();
  }
}
