/** Whether a path is what a policy asks for, and if not, why. Pure. */

import { DURATION, formatQuantity } from '../../input/units.ts';
import type { Path } from '../../scion/end-to-end-path.ts';
import { isdOf } from '../../scion/isd-as.ts';
import { matchesAs } from './as-pattern.ts';
import { matchesSequence } from './hop-sequence.ts';
import type { PathConstraints } from './model.ts';

/** The first reason against the path, as the end of "the path …"; undefined when it is as it must be. */
export function refusal(path: Path, constraints: PathConstraints): string | undefined {
  const { requireISDs, avoidTransitASes, allowTransitASes, hopSequence, maxLatencyNs, minMtu } = constraints;
  const transit = path.hops.slice(1, -1).map(({ ia }) => ia);
  const outside = path.hops.find(({ ia }) => requireISDs !== undefined && !requireISDs.includes(isdOf(ia)));
  if (outside !== undefined) return `leads through ${outside.ia}, outside ISD ${requireISDs?.join(', ')}`;
  const avoided = transit.find((ia) => avoidTransitASes?.some((pattern) => matchesAs(pattern, ia)));
  if (avoided !== undefined) return `leads through ${avoided}, which is to be avoided`;
  const strange = transit.find((ia) => allowTransitASes?.every((pattern) => !matchesAs(pattern, ia)));
  if (strange !== undefined) return `leads through ${strange}, which is not among the ASes allowed`;
  if (hopSequence !== undefined && !matchesSequence(hopSequence, path.hops))
    return `is not of the sequence "${hopSequence.text}"`;
  if (maxLatencyNs !== undefined && path.latencyNs > maxLatencyNs)
    return `takes ${milliseconds(path.latencyNs)}, more than ${formatQuantity(maxLatencyNs, DURATION)}`;
  if (minMtu !== undefined && path.mtu < minMtu) return `carries packets of ${path.mtu} bytes, not of ${minMtu}`;
  return undefined;
}

function milliseconds(ns: number): string {
  return `${+(ns / 1e6).toFixed(3)}ms`;
}
