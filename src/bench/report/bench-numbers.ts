/** Numbers and sentences of benches, the same on the terminal and on the page. */
import type { BenchManifest, BenchSummary, GateSummary } from '../bench-bundle.ts';
import { type Interval, LEAST_BLOCKS } from '../resampling.ts';

/** `2.31 Mpps` */
export function formatRate(packetsPerSecond: number): string {
  if (packetsPerSecond >= 1e6) return `${(packetsPerSecond / 1e6).toFixed(2)} Mpps`;
  return `${(packetsPerSecond / 1e3).toFixed(packetsPerSecond >= 1e5 ? 0 : 1)} kpps`;
}

/** A ratio with its interval: `0.91 [0.90, 0.92]`; large ones with one decimal. */
export function formatTimes(interval: Interval): string {
  return formatInterval(interval, times);
}

/** A ratio: two decimals, large ones with one. */
export function times(value: number): string {
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function formatInterval({ estimate, low, high }: Interval, format: (value: number) => string): string {
  return `${format(estimate)} [${format(low)}, ${format(high)}]`;
}

export function formatNs(ns: number): string {
  return ns.toFixed(ns >= 100 ? 0 : 1);
}

/** `+1.2 %`, of a relative change. */
export function formatChange(change: number): string {
  if (!Number.isFinite(change)) return change > 0 ? 'any' : '−any';
  return `${change < 0 ? '−' : '+'}${Math.abs(change * 100).toFixed(1)} %`;
}

export function formatShare(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

/** Above this share of time in which something waited for a core, somebody else used the machine. */
const BUSY_WAITING = 0.1;

/** The same of cores, where what is measured makes its own programs wait for one another. */
const BUSY_OTHERS = 0.1;

const TRUST = {
  frames: 'Trust ratios between XDP programs; absolute figures and those of the reference router are too low.',
  chains: 'Trust ratios between what the kernel forwards; those to wireguard and sig, which wait for a core, flatter.',
  labs: 'Times are too long.',
} as const;

/** A sentence where the machine had something else to do, which ratios bear better than absolute figures. */
export function busyNote(
  { load, loadAverageBefore, machine }: Pick<BenchManifest, 'load' | 'loadAverageBefore' | 'machine'>,
  summary: BenchSummary,
): string | undefined {
  const average = `load average ${loadAverageBefore.toFixed(1)} before, on ${machine.cores} cores`;
  const busyBefore = loadAverageBefore > machine.cores / 2;
  if (summary.bench === 'bringup') return busyBefore ? `Busy machine: ${average}. ${TRUST.labs}` : undefined;
  if (summary.bench === 'goodput' || summary.bench === 'latency') {
    const { othersBusy } = summary.disturbance;
    if (!busyBefore && othersBusy <= BUSY_OTHERS) return undefined;
    return `Busy machine: ${average}; others kept ${formatShare(othersBusy)} of the cores busy. ${TRUST.chains}`;
  }
  const waiting = load?.waiting ?? null;
  if (!busyBefore && (waiting === null || waiting <= BUSY_WAITING)) return undefined;
  const share = waiting === null ? '' : `; something waited for a core ${formatShare(waiting)} of the time`;
  return `Busy machine: ${average}${share}. ${TRUST.frames}`;
}

/** A sentence where a bench over chains has so few blocks that its verdicts are worth little. */
export function fewBlocksNote(
  { settings }: Pick<BenchManifest, 'settings'>,
  summary: BenchSummary,
): string | undefined {
  const blocks = Number(settings['blocks']);
  if ((summary.bench !== 'goodput' && summary.bench !== 'latency') || blocks >= LEAST_BLOCKS) return undefined;
  return `${blocks} block${blocks === 1 ? ' is' : 's are'} too few for an interval: goals are judged from ${LEAST_BLOCKS} on.`;
}

/** The verdict of a gate in one sentence. */
export function gateSentence({ decision, rules, against }: GateSummary): string {
  const confidence = formatShare(1 - rules.alpha);
  const worst = decision.cases.reduce((a, b) => (b.change.estimate > a.change.estimate ? b : a));
  switch (decision.verdict) {
    case 'slower':
      return `SLOWER than ${against.ref}: by more than ${formatShare(rules.tolerance)} with ${confidence} confidence; ${worst.name} takes ${formatChange(worst.change.estimate)}.`;
    case 'faster':
      return `Faster than ${against.ref} with ${confidence} confidence, and no case slower.`;
    case 'same':
      return `No difference from ${against.ref} larger than ${formatShare(rules.margin)}, with ${confidence} confidence.`;
    case 'undecided':
      return `UNDECIDED: after ${decision.blocks} blocks the machine is too noisy to tell ${against.ref} and the working tree apart within ${formatShare(rules.margin)}.`;
  }
}
