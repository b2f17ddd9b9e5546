/** What `router.toml` says that concerns forwarding (doc/manuals/router.rst): the router's name, BFD, ports of hosts. */
import { InputError, type Problem } from '../errors.ts';
import { readText } from '../input/read-text.ts';
import { parseGoDuration } from './go-duration.ts';
import type { BfdSettings } from './topology-json.ts';

export interface RouterToml {
  /** The router's name in topology.json. */
  readonly id: string;
  readonly bfd: BfdSettings;
  /** Overrides topology.json. */
  readonly hostPorts: readonly [number, number] | undefined;
}

interface Entry {
  readonly line: number;
  /** As it stands in the file, without comment. */
  readonly text: string;
}

/** @throws InputError with file, line and field of what is missing or wrong */
export async function readRouterToml(file: string): Promise<RouterToml> {
  const values = new TomlValues(file, await readText(file));
  const id = values.text('general.id');
  const toml = {
    id: id ?? '',
    bfd: {
      disable: values.boolean('router.bfd.disable'),
      requiredMinRxNs: values.duration('router.bfd.required_min_rx_interval'),
    },
    hostPorts: values.range('router.dispatched_port_start', 'router.dispatched_port_end'),
  };
  if (id === undefined) values.report('general.id', 'is missing', 'the name of a router in topology.json');
  if (values.problems.length > 0) throw new InputError(values.problems);
  return toml;
}

/**
 * The values of a TOML file that stand in one line under a table's header, by their full key. Everything else that TOML
 * can say (arrays over lines, tables of tables) is passed over: a router's file says it about other things.
 */
class TomlValues {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #entries = new Map<string, Entry>();

  constructor(file: string, text: string) {
    this.#file = file;
    let table = '';
    for (const [index, line] of text.split('\n').entries()) {
      const header = /^\s*\[([^[\]]+)\]\s*(#.*)?$/.exec(line);
      if (header !== null) table = keyOf(header[1] ?? '');
      const [, key, value] = /^\s*([\w."'-]+)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^#]*)/.exec(line) ?? [];
      if (header !== null || key === undefined || value === undefined) continue;
      this.#entries.set([table, keyOf(key)].filter((part) => part !== '').join('.'), {
        line: index + 1,
        text: value.trim(),
      });
    }
  }

  text(key: string): string | undefined {
    return this.#read(key, (text) => /^(?:"([^"\\]*)"|'([^']*)')$/.exec(text)?.slice(1).join(''), 'a text in quotes');
  }

  boolean(key: string): boolean | undefined {
    return this.#read(key, (text) => ({ true: true, false: false })[text], 'true or false');
  }

  duration(key: string): number | undefined {
    return this.#read(
      key,
      (text) => parseGoDuration(text.replace(/^(["'])(.*)\1$/, '$2')),
      'a duration such as "200ms"',
    );
  }

  range(firstKey: string, lastKey: string): [number, number] | undefined {
    const port = (text: string) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined);
    const first = this.#read(firstKey, port, 'a port');
    const last = this.#read(lastKey, port, 'a port');
    if (first === undefined && last === undefined) return undefined;
    if (first !== undefined && last !== undefined && first <= last) return [first, last];
    this.report(
      first === undefined ? firstKey : lastKey,
      'makes no range of ports',
      'both ends, the first not above the last',
    );
    return undefined;
  }

  report(key: string, message: string, expected: string): void {
    const line = this.#entries.get(key)?.line;
    this.problems.push({ file: this.#file, ...(line === undefined ? {} : { line }), field: key, message, expected });
  }

  #read<T>(key: string, parse: (text: string) => T | undefined, expected: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const value = parse(entry.text);
    if (value === undefined) this.report(key, `is ${entry.text || 'empty'}`, expected);
    return value;
  }
}

/** `"router" . bfd` → `router.bfd` */
function keyOf(text: string): string {
  return text.replaceAll(/["'\s]/g, '');
}
