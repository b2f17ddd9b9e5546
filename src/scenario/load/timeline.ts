/** The timeline: events with every name resolved, in the order of their times. */
import type { Collector } from '../../input/collector.ts';
import { DURATION, formatQuantity } from '../../input/units.ts';
import type { FieldPath } from '../../input/yaml.ts';
import type { IsdAs, Shape, Topology } from '../../topology/model.ts';
import type { Cluster, TimelineEvent } from '../model.ts';
import type { EventInput } from '../schema.ts';
import { findAs, findLink, findPlace } from './references.ts';

interface Surroundings {
  readonly topology: Topology;
  readonly clusters: readonly Cluster[];
  readonly collector: Collector;
}

/** Events that are at fault are reported and left out. Events at the same time keep the file's order. */
export function buildTimeline(
  inputs: readonly EventInput[],
  durationNs: number,
  around: Surroundings,
): TimelineEvent[] {
  const placed = inputs.flatMap((input, index) => {
    const path = ['timeline', index];
    if (input.at >= durationNs) {
      const end = formatQuantity(durationNs, DURATION);
      around.collector.report([...path, 'at'], `is not before the end of the pass (${end})`, 'an earlier time');
    }
    const event = buildEvent(input, path, around);
    return event === undefined ? [] : [{ event, path }];
  });
  placed.sort((x, y) => x.event.at - y.event.at);
  const events = placed.map(({ event }) => event);
  placed.forEach(({ event, path }, index) => {
    if (event.event === 'link.restore' && !isCut(event.link, events.slice(0, index))) {
      around.collector.report([...path, 'link'], `${event.link} is not cut at that time`, 'a link.cut before it');
    }
  });
  return events;
}

function isCut(link: string, earlier: readonly TimelineEvent[]): boolean {
  const last = earlier.findLast(
    (event) => /^link\.(cut|restore)$/.test(event.event) && 'link' in event && event.link === link,
  );
  return last?.event === 'link.cut';
}

function buildEvent(input: EventInput, path: FieldPath, around: Surroundings): TimelineEvent | undefined {
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
    case 'link.cut':
    case 'link.restore': {
      const link = collector.attempt([...path, 'link'], () => findLink(input.link, topology, clusters));
      return link === undefined ? undefined : { at, event: input.event, link: link.id };
    }
    case 'link.shape': {
      const link = collector.attempt([...path, 'link'], () => findLink(input.link, topology, clusters));
      const shape = changes(input);
      if (Object.keys(shape).length === 0)
        collector.report(path, 'changes nothing', 'delay, jitter, loss, rate or queue');
      return link === undefined ? undefined : { at, event: input.event, link: link.id, shape };
    }
    case 'exec': {
      const place = collector.attempt([...path, 'in'], () => findPlace(input.in, topology, clusters));
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
  const found = timeline.flatMap((event) =>
    event.event === 'bgp.hijack' || event.event === 'bgp.leak' ? [event.by] : [],
  );
  return [...new Set(found)];
}
