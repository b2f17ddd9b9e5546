/**
 * Everything over chains of ASes in turn: in each block every subject over every length, in a random order, with only that
 * attached which the subject needs. What the machine does at some time it so does to all of them.
 */
import { preferred } from '../process/priority.ts';
import { seededRandom } from '../results/statistics.ts';
import type { ControlPlaneKind, TransportName } from '../scenario/model.ts';
import { type ChainLab, withChainLabs } from './chain-labs.ts';
import { othersBusy } from './chain-load.ts';
import { type ChainSubject, isMeasured, subjectsUnder } from './chain-subject-names.ts';
import { attachSubject } from './chain-subjects.ts';
import { shuffled } from './router-bench.ts';

export interface ChainSettings {
  readonly transits: readonly number[];
  readonly subjects: readonly ChainSubject[];
  readonly blocks: number;
  readonly seed: number;
}

/** A subject at work over a chain. */
export interface ChainCell {
  readonly block: number;
  readonly controlPlane: ControlPlaneKind;
  readonly subject: ChainSubject;
  readonly chain: ChainLab;
  /** Share of all cores that others kept busy before the subject was attached. */
  readonly othersBusy: number;
}

export interface ChainOptions {
  readonly signal: AbortSignal;
  /** Runs a part of the bench as a stage that is shown. */
  readonly stage: <T>(name: string, body: (detail: (text: string) => void) => Promise<T>) => Promise<T>;
  /** Which program a transport was, told once it is known. */
  readonly onImplementation: (subject: ChainSubject, implementation: string) => void;
}

/**
 * Computed paths first, all lengths together. Then, where `sig` is wanted, the reference services, a length after the
 * other: a hundred services that are idle would not leave the machine alone.
 */
export async function measureChains(
  settings: ChainSettings,
  options: ChainOptions,
  measure: (cell: ChainCell) => Promise<void>,
): Promise<void> {
  const parts: { controlPlane: ControlPlaneKind; transits: readonly number[]; name: string }[] = [
    { controlPlane: 'computed', transits: settings.transits, name: 'paths computed' },
    ...settings.transits.map((count) => ({
      controlPlane: 'reference' as const,
      transits: [count],
      name: `with the services, ${count} between`,
    })),
  ];
  for (const { controlPlane, transits, name } of parts) {
    const subjects = subjectsUnder(controlPlane, settings.subjects);
    if (subjects.length === 0) continue;
    await options.stage(name, (detail) => {
      const { seed } = settings;
      const { signal } = options;
      return preferred(() =>
        withChainLabs(transits, { controlPlane, transports: transportsOf(subjects), seed, signal }, (labs) =>
          measureBlocks({ ...settings, subjects }, controlPlane, labs, { ...options, detail }, measure),
        ),
      );
    });
  }
}

async function measureBlocks(
  { subjects, blocks, seed }: ChainSettings,
  controlPlane: ControlPlaneKind,
  labs: readonly ChainLab[],
  { signal, onImplementation, detail }: ChainOptions & { readonly detail: (text: string) => void },
  measure: (cell: ChainCell) => Promise<void>,
): Promise<void> {
  const random = seededRandom(seed);
  for (let block = 0; block < blocks; block++) {
    const cells = labs.flatMap((chain) =>
      subjects.filter((subject) => isMeasured(subject, chain.transits)).map((subject) => ({ chain, subject })),
    );
    for (const { chain, subject } of shuffled(cells, random)) {
      signal.throwIfAborted();
      chain.lab.watch.signal.throwIfAborted();
      detail(`block ${block + 1} of ${blocks}: ${subject} over ${chain.transits}`);
      const others = await othersBusy(signal);
      const attached = await attachSubject(subject, chain, signal);
      if (attached.implementation !== undefined) onImplementation(subject, attached.implementation);
      try {
        await measure({ block, controlPlane, subject, chain, othersBusy: others });
      } finally {
        await attached.detach();
      }
    }
    detail(`${blocks} blocks`);
  }
}

function transportsOf(subjects: readonly ChainSubject[]): TransportName[] {
  return subjects.filter((subject) => subject !== 'xdp-pass');
}
