/** The timeline: events with every name resolved, in the order of their times. */
import { InputError } from '../../errors.ts';
import type { Collector } from '../../input/collector.ts';
import { DURATION, formatQuantity } from '../../input/units.ts';
import type { FieldPath } from '../../input/yaml.ts';
import { changedBy } from '../../k8s/changes.ts';
import type { IsdAs, Shape, Topology } from '../../topology/model.ts';
import type { Cluster, InputFile, TimelineEvent } from '../model.ts';
import type { EventInput } from '../schema.ts';
import { reportContradictions } from './contradictions.ts';
import { MAX_ENTRIES, within } from './limits.ts';
import { findAs, findCluster, findPlace, findWire } from './references.ts';

interface Surroundings {
  readonly topology: Topology;
  readonly clusters: readonly Cluster[];
  /** Manifests of `apply` events, by their place in the timeline. */
  readonly applied: readonly (readonly InputFile[])[];
  readonly collector: Collector;
}

/** Events that are at fault are reported and left out. Events at the same time keep the file's order. */
export function buildTimeline(
  inputs: readonly EventInput[],
  durationNs: number,
  around: Surroundings,
): TimelineEvent[] {
  const all = within(inputs, MAX_ENTRIES.timeline, ['timeline'], around.collector);
  const inForce = new Map(around.clusters.map((cluster) => [cluster.name, cluster]));
  const inTime = all.map((input, index) => ({ input, index })).toSorted((x, y) => x.input.at - y.input.at);
  const placed = inTime.flatMap(({ input, index }) => {
    const path = ['timeline', index];
    if (input.at >= durationNs) {
      const end = formatQuantity(durationNs, DURATION);
      around.collector.report([...path, 'at'], `is not before the end of the pass (${end})`, 'an earlier time');
    }
    const event =
      input.event === 'apply'
        ? buildApply(input, path, around, inForce, around.applied[index] ?? [])
        : buildEvent(input, path, around);
    return event === undefined ? [] : [{ event, path }];
  });
  reportContradictions(placed, around.collector);
  return placed.map(({ event }) => event);
}

type ApplyInput = Extract<EventInput, { event: 'apply' }>;

/** @param inForce Clusters as the events before have left them; as this one leaves its own, afterwards. */
function buildApply(
  { at, event, cluster: name }: ApplyInput,
  path: FieldPath,
  { topology, clusters, collector }: Surroundings,
  inForce: Map<string, Cluster>,
  files: readonly InputFile[],
): TimelineEvent | undefined {
  const cluster = collector.attempt([...path, 'cluster'], () => findCluster(name, clusters));
  const before = inForce.get(cluster?.name ?? '');
  if (cluster === undefined || before === undefined) return undefined;
  try {
    const ases = topology.ases.map(({ ia }) => ia);
    const { changes, objects } = changedBy(before, { files }, ases);
    inForce.set(name, { ...before, ...objects });
    return { at, event, cluster: name, changes, objects };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    collector.addAll(error.problems);
    return undefined;
  }
}

function buildEvent(
  input: Exclude<EventInput, ApplyInput>,
  path: FieldPath,
  around: Surroundings,
): TimelineEvent | undefined {
  const { topology, clusters, collector } = around;
  const as = (field: string, text: string) =>
    collector.attempt([...path, field], () => findAs(text, topology, clusters));
  const { at } = input;
  switch (input.event) {
    case 'bgp.hijack': {
      const by = as('by', input.by);
      const victim = as('victim', input.victim);
      if (by === undefined || victim === undefined) return undefined;
      if (by === victim) collector.report([...path, 'victim'], `${victim} would attack itself`, 'another AS');
      return { at, event: input.event, by, victim, type: input.type };
    }
    case 'bgp.leak':
    case 'bgp.withdraw': {
      const by = as('by', input.by);
      return by === undefined ? undefined : { at, event: input.event, by };
    }
    case 'scion.replay': {
      const by = as('by', input.by);
      return by === undefined ? undefined : { at, event: input.event, by, alter: input.alter, count: input.count };
    }
    case 'link.cut':
    case 'link.restore': {
      const link = collector.attempt([...path, 'link'], () => findWire(input.link, topology, clusters));
      return link === undefined ? undefined : { at, event: input.event, link: link.id };
    }
    case 'link.shape': {
      const link = collector.attempt([...path, 'link'], () => findWire(input.link, topology, clusters));
      const shape = changes(input);
      if (Object.keys(shape).length === 0)
        collector.report(path, 'changes nothing', 'delay, jitter, loss, rate or queue');
      return link === undefined ? undefined : { at, event: input.event, link: link.id, shape };
    }
    case 'exec': {
      const place = collector.attempt([...path, 'in'], () => findPlace(input.in, topology, clusters));
      if (input.run[0] === '') collector.report([...path, 'run', 0], 'names no command', 'a command such as ip');
      return place === undefined ? undefined : { at, event: input.event, in: place, argv: input.run };
    }
  }
}

function changes(input: Extract<EventInput, { event: 'link.shape' }>): Partial<Shape> {
  const { delay, jitter, loss, rate, queue } = input;
  return {
    ...(delay === undefined ? {} : { delayNs: delay }),
    ...(jitter === undefined ? {} : { jitterNs: jitter }),
    ...(loss === undefined ? {} : { lossPpm: loss }),
    ...(rate === undefined ? {} : { rateBps: rate }),
    ...(queue === undefined ? {} : { queueNs: queue }),
  };
}

/** The ASes that hijack or leak. */
export function attackers(timeline: readonly TimelineEvent[]): IsdAs[] {
  return [...new Set(timeline.flatMap((event) => (attacks(event) ? [event.by] : [])))];
}

export function attacks<T extends { readonly event: string }>(
  event: T,
): event is Extract<T, { readonly event: 'bgp.hijack' | 'bgp.leak' }> {
  return event.event === 'bgp.hijack' || event.event === 'bgp.leak';
}
