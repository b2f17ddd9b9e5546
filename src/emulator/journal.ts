/** The lab's journal: every object that outlives a process is written here before it is made. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { LabError } from '../errors.ts';
import { type JournalEntry, parseEntry } from './journal-entry.ts';
import { isSettingOfKubelet } from './kernel-settings.ts';
import { DATA_ROOT, LabDirectory, NAMESPACE_PREFIX } from './lab-directory.ts';
import { isNamespace, NETNS_ROOT, processesIn } from './namespace-processes.ts';

/** Folders that sockets lie in which a program insists on having there. */
const SOCKET_FOLDERS: readonly string[] = ['/var/run/wireguard'];

export interface JournalContents {
  /** Newest first. */
  readonly entries: readonly JournalEntry[];
  /** A sentence for each line that tells nothing, or for the whole. */
  readonly damage: readonly string[];
}

export class Journal {
  readonly #lab: LabDirectory;
  readonly #path: string;

  constructor(lab: LabDirectory) {
    this.#lab = lab;
    this.#path = lab.path('journal.ndjson');
  }

  /**
   * On disk when this returns.
   * @throws LabError when a namespace exists already: it is somebody else's, and must not be undone as the lab's.
   */
  record(entries: readonly JournalEntry[]): void {
    for (const entry of entries) if (entry.kind === 'namespace' && isNamespace(entry.name)) throw foreign(entry.name);
    appendFileSync(this.#path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { flush: true });
  }

  /** Entries of all other labs' journals. */
  static ofOthers(lab: LabDirectory): JournalEntry[] {
    const others = LabDirectory.all().filter(({ id }) => id !== lab.id);
    return others.flatMap((other) => [...new Journal(other).read().entries]);
  }

  read(): JournalContents {
    if (!existsSync(this.#path)) return { entries: [], damage: [] };
    const lines = readFileSync(this.#path, 'utf8').split('\n');
    const entries: JournalEntry[] = [];
    // Whole lines end in a line break. One that a crash cut short names nothing that was made.
    const damage = lines.pop() === '' ? [] : ['the last line of its journal is cut short'];
    lines.forEach((line, index) => {
      const entry = parseEntry(line);
      if (entry !== undefined && this.#isOurs(entry)) entries.unshift(entry);
      else
        damage.push(
          `line ${index + 1} of its journal ${entry === undefined ? 'is no entry' : 'names what is not its own'}`,
        );
    });
    return { entries, damage };
  }

  /** Nothing else is ever undone, whatever the file says. */
  #isOurs(entry: JournalEntry): boolean {
    if (entry.kind === 'bpffs') return entry.path === this.#lab.path('bpf');
    if (entry.kind === 'namespace') return this.#carriesId(entry.name, NAMESPACE_PREFIX);
    if (entry.kind === 'folder') return entry.path === `${DATA_ROOT}/${this.#lab.id}`;
    if (entry.kind === 'setting') return isSettingOfKubelet(entry.name, entry.value);
    if (entry.kind === 'containers') {
      return entry.cgroup === `cilion-${this.#lab.id}` && this.#carriesId(entry.daemon, NAMESPACE_PREFIX);
    }
    return SOCKET_FOLDERS.includes(dirname(entry.path)) && this.#carriesId(basename(entry.path), 'wg-');
  }

  #carriesId(name: string, prefix: string): boolean {
    return name.startsWith(`${prefix}${this.#lab.id}-`) && !name.includes('/');
  }
}

function foreign(name: string): LabError {
  const processes = processesIn([name]).map(({ pid, command }) => `${command} (pid ${pid})`);
  const by = processes.length === 0 ? 'no process runs in it' : `in it run ${processes.join(', ')}`;
  return new LabError(`there is a network namespace ${name} already, and this lab did not make it: ${by}`, {
    hint: `whoever made it can remove it: ip netns del ${name} (${NETNS_ROOT}/${name})`,
  });
}
