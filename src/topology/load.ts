/** Loads a topology from either format: `.yaml` is ours, `.topo` is scionproto's. */
import { extname } from 'node:path';
import { InputError } from '../errors.ts';
import { readText } from '../input/read-text.ts';
import { checkTopology } from './check.ts';
import { completeTopology } from './draft.ts';
import type { Topology } from './model.ts';
import { readNativeYaml } from './native-yaml.ts';
import { readTopo } from './topo.ts';

export interface LoadedTopology {
  readonly topology: Topology;
  /** What the file asks for and the lab does otherwise, as sentences. */
  readonly notes: readonly string[];
}

/** @throws InputError with every problem of the file */
export async function loadTopology(file: string): Promise<LoadedTopology> {
  return parseTopology(file, await readText(file));
}

/**
 * As loadTopology, from a text that is already there.
 *
 * @throws InputError with every problem of the text
 */
export function parseTopology(file: string, text: string): LoadedTopology {
  const { draft, yaml, notes } = readDraft(file, text);
  const problems = checkTopology(draft, yaml);
  if (problems.length > 0) throw new InputError(problems);
  return { topology: completeTopology(draft), notes };
}

function readDraft(file: string, text: string) {
  switch (extname(file)) {
    case '.yaml':
    case '.yml':
      return { ...readNativeYaml(file, text), notes: [] };
    case '.topo':
      return readTopo(file, text);
    default:
      throw new InputError([
        { file, field: '', message: 'the name says nothing of the format', expected: 'a .yaml or a .topo file' },
      ]);
  }
}
