/** A path policy as plain immutable data: which pods, which paths they may take, which of those they take. */
import type { PathInterface } from '../../scion/end-to-end-path.ts';
import type { IsdAs } from '../../topology/model.ts';
import type { AsPattern } from './as-pattern.ts';
import type { HopSequence } from './hop-sequence.ts';
import type { PodSelector } from './selector.ts';

/** What a path must be. All of it must hold. */
export interface PathConstraints {
  /** Every AS of the path lies in one of these ISDs, the first and the last among them. */
  readonly requireISDs?: readonly number[] | undefined;
  /** None of these lies between the first and the last AS. */
  readonly avoidTransitASes?: readonly AsPattern[] | undefined;
  /** Only these lie between the first and the last AS. */
  readonly allowTransitASes?: readonly AsPattern[] | undefined;
  readonly hopSequence?: HopSequence | undefined;
  /** One way, nanoseconds, as the control plane states it. */
  readonly maxLatencyNs?: number | undefined;
  /** Largest IP packet that links and ASes carry, bytes. */
  readonly minMtu?: number | undefined;
}

export type Strategy =
  /** The fastest; when it fails, the next fastest. */
  | { readonly kind: 'LowestLatency' }
  /** The one with the fewest ASes. */
  | { readonly kind: 'ShortestPath' }
  /** Several that share no link, flows dealt out by weight; as many weights as paths, the fastest path's first. */
  | { readonly kind: 'Disjoint'; readonly weights: readonly number[] }
  /** This one and no other, in the order of travel. */
  | { readonly kind: 'Pinned'; readonly interfaces: readonly PathInterface[] };

/** What becomes of packets when no path is as it must be. */
export type Unsatisfied =
  /** They are dropped, and counted under POLICY_BLOCKED. */
  | 'Block'
  /** They take the paths of pods without a policy. */
  | 'AnyPath'
  /** They are left to the kernel's routes. */
  | 'PlainIP';

export interface PathPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly podSelector: PodSelector;
  /** Absent: for every destination. */
  readonly destination?: IsdAs | undefined;
  readonly priority: number;
  readonly constraints: PathConstraints;
  readonly strategy: Strategy;
  readonly onUnsatisfied: Unsatisfied;
}
