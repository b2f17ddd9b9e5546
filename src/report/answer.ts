/** The run in a paragraph: how many assertions hold, and what each transport did, in plain sentences. */

import type { Phase } from '../results/bundle.ts';
import type { Bundle } from '../results/bundle-reader.ts';
import { firstDiversion } from '../results/phases.ts';
import { acrossRepetitions, type Repetitions } from '../results/summary.ts';
import type { MetricName, TransportName } from '../scenario/model.ts';
import { formatBytes, formatCount, formatMetric, formatMilliseconds } from './numbers.ts';
import { transportTitle } from './palette.ts';

export interface Answer {
  readonly lead: string;
  readonly sentences: readonly { readonly transport: TransportName; readonly text: string }[];
  /** What the numbers in the sentences are. */
  readonly note: string;
}

export function answerOf(bundle: Bundle): Answer {
  const { verdicts } = bundle.verdicts;
  const held = verdicts.filter((verdict) => verdict.holds).length;
  return {
    lead: `${bundle.manifest.invalid.length > 0 ? 'The run is invalid. ' : ''}${leadOf(held, verdicts.length)}`,
    sentences: bundle.manifest.transports.map((transport) => ({ transport, text: sentenceOf(bundle, transport) })),
    note:
      bundle.manifest.repeat > 1
        ? `Numbers are medians over ${bundle.manifest.repeat} repetitions; “during” is from the start of the first attack or cut to the start of the last withdrawal or restore.`
        : '“During” is from the start of the first attack or cut to the start of the last withdrawal or restore. One repetition: no statement about spread.',
  };
}

function leadOf(held: number, all: number): string {
  if (all === 0) return 'The scenario asserts nothing.';
  if (held === all) return all === 1 ? 'The assertion holds.' : `All ${all} assertions hold.`;
  return held === 0 ? `None of ${all} assertions holds.` : `${held} of ${all} assertions hold.`;
}

function sentenceOf(bundle: Bundle, transport: TransportName): string {
  const clauses = [...lossClauses(bundle, transport), ...goodputClauses(bundle, transport)];
  const observed = observerClause(bundle, transport);
  const parts = [clauses.join(', '), observed ?? '', recoveryClause(bundle, transport) ?? ''].filter(
    (part) => part !== '',
  );
  if (parts.length === 0) return `${transportTitle(transport)}: nothing was measured during the ${troubleOf(bundle)}.`;
  return `${transportTitle(transport)} ${parts.join('; ')}.`;
}

function lossClauses(bundle: Bundle, transport: TransportName): string[] {
  const trouble = troubleOf(bundle);
  return named(bundle, 'udp').flatMap(({ name, mention }) => {
    const sent = get(bundle, transport, 'during', name, 'udp.sent').median;
    const lost = get(bundle, transport, 'during', name, 'udp.lost').median;
    if (sent === null || lost === null) return [];
    const share = get(bundle, transport, 'during', name, 'udp.lossRatio').median;
    if (lost === 0) return [`lost none of ${formatCount(sent)} probes${mention} during the ${trouble}`];
    return [
      `lost ${formatCount(lost)} of ${formatCount(sent)} probes${mention} (${formatMetric('udp.lossRatio', share)}) during the ${trouble}`,
    ];
  });
}

function goodputClauses(bundle: Bundle, transport: TransportName): string[] {
  return named(bundle, 'tcp').flatMap(({ name, mention }) => {
    const before = get(bundle, transport, 'before', name, 'tcp.goodput').median;
    const during = get(bundle, transport, 'during', name, 'tcp.goodput').median;
    if (before === null || during === null) return [];
    const [from, to] = [formatMetric('tcp.goodput', before), formatMetric('tcp.goodput', during)];
    return [
      from === to
        ? `its TCP goodput${mention} stayed at ${to}`
        : `its TCP goodput${mention} went from ${from} to ${to}`,
    ];
  });
}

function observerClause(bundle: Bundle, transport: TransportName): string | null {
  const packets = get(bundle, transport, 'during', '', 'observer.packets').median;
  if (packets === null) return null;
  if (packets === 0) return 'the attacker received none of its packets';
  const bytes = get(bundle, transport, 'during', '', 'observer.bytes').median ?? 0;
  const readable = get(bundle, transport, 'during', '', 'observer.readablePackets').median ?? 0;
  const after = get(bundle, transport, 'during', '', 'diversion.after').median;
  const first = after === null ? '' : `, the first of them ${formatMilliseconds(after)} after the attack began`;
  return `the attacker received ${formatCount(packets)} packets (${formatBytes(bytes)}, ${formatCount(readable)} readable)${first}`;
}

function recoveryClause(bundle: Bundle, transport: TransportName): string | null {
  const after = named(bundle, 'udp')
    .filter(({ name }) => wasDisturbed(bundle, transport, name))
    .map(({ name }) => get(bundle, transport, 'after', name, 'recovery.after').median)
    .filter((value) => value !== null);
  if (after.length === 0) return null;
  return `probes were answered steadily again ${formatMilliseconds(Math.max(...after))} after the ${troubleOf(bundle)} ended`;
}

/** What went wrong: an `attack` (hijack or leak), or a `failure` (links were cut). */
export function troubleOf(bundle: Bundle): 'attack' | 'failure' {
  return bundle.passes.some((data) => firstDiversion(data.events) !== undefined) ? 'attack' : 'failure';
}

/** Whether any probe of the workload was lost during or after the attack, in any repetition. */
export function wasDisturbed(bundle: Bundle, transport: TransportName, workload: string): boolean {
  return (['during', 'after'] as const).some((phase) =>
    get(bundle, transport, phase, workload, 'udp.lost').values.some((lost) => lost !== null && lost > 0),
  );
}

/** The workloads of a kind; `mention` tells them apart where there are several. */
function named(bundle: Bundle, kind: 'tcp' | 'udp'): { name: string; mention: string }[] {
  const workloads = bundle.manifest.workloads.filter((workload) => workload.kind === kind);
  return workloads.map(({ name }) => ({ name, mention: workloads.length > 1 ? ` (${name})` : '' }));
}

function get(
  bundle: Bundle,
  transport: TransportName,
  phase: Phase,
  workload: string,
  metric: MetricName,
): Repetitions {
  return acrossRepetitions(bundle.manifest, bundle.summary, { transport, phase, workload, metric });
}
