/** Two clusters with a chain of transit ASes between them. */
import type { Scenario } from '../scenario/model.ts';
import { type GenerateOptions, generatedScenario, type Internet } from './generated-scenario.ts';

export const MOST_TRANSITS = 8;
/** Packets that are measured go from the first cluster to the second. */
export const CHAIN_ENDS = { from: 'left', to: 'right' } as const;

/**
 * The transit ASes are core ASes in a row; the clusters are customers of the first and the last. So a SCION path goes up,
 * along the core and down: in the first and in the last transit AS, or in the one where there is but one, segments change and
 * two hop fields are verified. Without a transit AS the left cluster's AS is a core AS and the right one its customer.
 */
export function chainInternet(transits: number): Internet {
  const name = `chain-${transits}`;
  if (transits === 0) {
    return {
      name,
      ases: 2,
      cores: 1,
      links: [{ kind: 'child', a: 1, b: 2 }],
      clusters: { [CHAIN_ENDS.from]: 1, [CHAIN_ENDS.to]: 2 },
    };
  }
  const [left, right] = [transits + 1, transits + 2];
  const core = Array.from({ length: transits - 1 }, (_, i) => ({ kind: 'core', a: i + 1, b: i + 2 }) as const);
  return {
    name,
    ases: transits + 2,
    cores: transits,
    links: [{ kind: 'child', a: 1, b: left }, ...core, { kind: 'child', a: transits, b: right }],
    clusters: { [CHAIN_ENDS.from]: left, [CHAIN_ENDS.to]: right },
  };
}

export function chainScenario(transits: number, options: GenerateOptions): Scenario {
  return generatedScenario(chainInternet(transits), options);
}
