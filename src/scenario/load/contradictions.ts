/** What one event of a timeline makes of another: ends without a beginning, two at one time that cannot both hold. */
import type { Collector } from '../../input/collector.ts';
import { DURATION, formatQuantity } from '../../input/units.ts';
import type { FieldPath } from '../../input/yaml.ts';
import type { TimelineEvent } from '../model.ts';

export interface PlacedEvent {
  readonly event: TimelineEvent;
  /** Where it stands in the file. */
  readonly path: FieldPath;
}

/** @param placed in the order of their times; at the same time, in the order of the file */
export function reportContradictions(placed: readonly PlacedEvent[], collector: Collector): void {
  const events = placed.map(({ event }) => event);
  placed.forEach(({ event, path }, index) => {
    const earlier = events.slice(0, index);
    const fault = contradiction(event, earlier, events);
    if (fault !== undefined) collector.report([...path, fault.field], fault.message, fault.expected);
  });
}

interface Fault {
  readonly field: string;
  readonly message: string;
  readonly expected: string;
}

function contradiction(
  event: TimelineEvent,
  earlier: readonly TimelineEvent[],
  all: readonly TimelineEvent[],
): Fault | undefined {
  return atOneTime(event, earlier) ?? outOfTurn(event, earlier, all);
}

/** Events at one time happen in the order of the file, which is hardly what somebody who wrote them both had in mind. */
function atOneTime(event: TimelineEvent, earlier: readonly TimelineEvent[]): Fault | undefined {
  const clash = earlier.find((other) => other.at === event.at && exclude(other, event));
  if (clash === undefined) return undefined;
  const subject =
    'link' in event ? event.link : 'by' in event ? event.by : 'cluster' in event ? `cluster ${event.cluster}` : '';
  const message = `${subject} has ${clash.event === 'apply' ? 'an' : 'a'} ${clash.event} at ${formatQuantity(event.at, DURATION)} too`;
  return { field: 'at', message, expected: 'times that differ' };
}

function exclude(one: TimelineEvent, other: TimelineEvent): boolean {
  if ('link' in one && 'link' in other) {
    if (one.link !== other.link) return false;
    if (one.event !== 'link.shape' || other.event !== 'link.shape') {
      return one.event !== 'link.shape' && other.event !== 'link.shape' && one.event !== other.event;
    }
    return Object.keys(one.shape).some((field) => Object.hasOwn(other.shape, field));
  }
  if ('cluster' in one && 'cluster' in other) return one.cluster === other.cluster;
  if (!('by' in one) || !('by' in other) || one.by !== other.by) return false;
  if (one.event === 'scion.replay' || other.event === 'scion.replay') return false;
  return (one.event === 'bgp.withdraw') !== (other.event === 'bgp.withdraw');
}

function outOfTurn(
  event: TimelineEvent,
  earlier: readonly TimelineEvent[],
  all: readonly TimelineEvent[],
): Fault | undefined {
  switch (event.event) {
    case 'link.cut':
      if (!isCut(event.link, earlier)) return undefined;
      return {
        field: 'link',
        message: `${event.link} is cut already at that time`,
        expected: 'a link.restore before it',
      };
    case 'link.restore':
      if (isCut(event.link, earlier)) return undefined;
      return { field: 'link', message: `${event.link} is not cut at that time`, expected: 'a link.cut before it' };
    case 'bgp.hijack':
    case 'bgp.leak':
      if (!since(event.by, earlier).some((other) => sameAttack(other, event))) return undefined;
      return { field: 'by', message: `${event.by} does so already at that time`, expected: 'a bgp.withdraw before it' };
    case 'scion.replay':
      return tooSoon(event, earlier);
    case 'bgp.withdraw':
      return nothingToWithdraw(event.by, earlier, all);
    default:
      return undefined;
  }
}

/** Sending them and waiting for what becomes of them takes that long; counts of two at once could not be told apart. */
const REPLAY_NS = 2e9;

function tooSoon({ at }: TimelineEvent, earlier: readonly TimelineEvent[]): Fault | undefined {
  if (!earlier.some((other) => other.event === 'scion.replay' && at - other.at < REPLAY_NS)) return undefined;
  const apart = formatQuantity(REPLAY_NS, DURATION);
  return {
    field: 'at',
    message: 'packets of another scion.replay are on their way then',
    expected: `${apart} between them`,
  };
}

function isCut(link: string, earlier: readonly TimelineEvent[]): boolean {
  const last = earlier.findLast(
    (event) => (event.event === 'link.cut' || event.event === 'link.restore') && event.link === link,
  );
  return last?.event === 'link.cut';
}

/** What an AS has announced since it last withdrew anything. */
function since(by: string, earlier: readonly TimelineEvent[]): TimelineEvent[] {
  const own = earlier.filter((event) => 'by' in event && event.by === by && event.event !== 'scion.replay');
  return own.slice(own.findLastIndex((event) => event.event === 'bgp.withdraw') + 1);
}

function sameAttack(one: TimelineEvent, other: TimelineEvent): boolean {
  if (one.event === 'bgp.leak') return other.event === 'bgp.leak';
  if (one.event !== 'bgp.hijack' || other.event !== 'bgp.hijack') return false;
  return one.victim === other.victim && one.type === other.type;
}

/** An AS that attacks ends its attacks; one that never does withdraws its own prefix, once. */
function nothingToWithdraw(
  by: string,
  earlier: readonly TimelineEvent[],
  all: readonly TimelineEvent[],
): Fault | undefined {
  if (since(by, earlier).length > 0) return undefined;
  const attacks = all.some((event) => (event.event === 'bgp.hijack' || event.event === 'bgp.leak') && event.by === by);
  if (attacks) {
    return {
      field: 'by',
      message: `${by} attacks nobody at that time`,
      expected: 'a bgp.hijack or bgp.leak before it',
    };
  }
  const before = earlier.some((event) => event.event === 'bgp.withdraw' && event.by === by);
  return before ? { field: 'by', message: `${by} has withdrawn its prefix already`, expected: 'it once' } : undefined;
}
