/** What happened between two readings of a lab, per second. Pure. */
import type { Reason } from '../dataplane/counters.ts';
import type { PathState } from '../dataplane/node-paths.ts';
import type { PathReading, PlaceReading, Reading, WayCount, WireReading } from './top-readings.ts';

/** Each a second. */
export interface WayRate {
  readonly packets: number;
  readonly bits: number;
  readonly dropped: number;
}

export interface WireRate {
  readonly ends: readonly [string, string];
  readonly ab: WayRate;
  readonly ba: WayRate;
}

/** Packets a second of a transit AS or a node. */
export interface PlaceRate {
  readonly place: string;
  readonly forwarded: number;
  /** Pods' packets that went into SCION here, and that came out. */
  readonly sent: number;
  readonly delivered: number;
  readonly dropped: Readonly<Partial<Record<Reason, number>>>;
}

export interface PathRate {
  readonly from: string;
  readonly to: string;
  readonly rank: number;
  readonly policy: number;
  /** The ASes of the path, or what of it is known. */
  readonly via: string;
  readonly packets: number;
  readonly state: PathState;
  readonly rttMs: number | null;
}

export interface Rates {
  readonly seconds: number;
  /** Busiest first, each of the three. */
  readonly wires: readonly WireRate[];
  readonly places: readonly PlaceRate[];
  readonly paths: readonly PathRate[];
}

/** @param viaOf What a path leads through, for people. */
export function ratesBetween(before: Reading, now: Reading, viaOf: (path: PathReading) => string): Rates {
  const seconds = (now.at - before.at) / 1000;
  const then = <T>(all: readonly T[], key: (one: T) => string) => new Map(all.map((one) => [key(one), one]));
  const wires = then(before.wires, wireKey);
  const places = then(before.places, ({ place }) => place);
  const paths = then(before.paths, pathKey);
  return {
    seconds,
    wires: now.wires
      .map((wire) => wireRate(wires.get(wireKey(wire)) ?? wire, wire, seconds))
      .toSorted((x, y) => y.ab.bits + y.ba.bits - x.ab.bits - x.ba.bits),
    places: now.places
      .map((place) => placeRate(places.get(place.place) ?? place, place, seconds))
      .toSorted((x, y) => total(y) - total(x)),
    paths: now.paths
      .map((path) => pathRate(paths.get(pathKey(path)) ?? path, path, seconds, viaOf(path)))
      .toSorted((x, y) => y.packets - x.packets || order(x).localeCompare(order(y))),
  };
}

function wireKey({ ends }: WireReading): string {
  return ends.join(' ');
}

/** A path id that has got another path meanwhile counts anew. */
function pathKey({ from, id, macs }: PathReading): string {
  return `${from} ${id} ${macs}`;
}

function order({ from, to, policy, rank }: PathRate): string {
  return [from, to, policy, rank].join(' ');
}

function wireRate(before: WireReading, now: WireReading, seconds: number): WireRate {
  return { ends: now.ends, ab: wayRate(before.ab, now.ab, seconds), ba: wayRate(before.ba, now.ba, seconds) };
}

function wayRate(before: WayCount, now: WayCount, seconds: number): WayRate {
  return {
    packets: (now.packets - before.packets) / seconds,
    bits: ((now.bytes - before.bytes) * 8) / seconds,
    dropped: (now.dropped - before.dropped) / seconds,
  };
}

function placeRate(before: PlaceReading, { place, counts }: PlaceReading, seconds: number): PlaceRate {
  const then = new Map(before.counts.map(({ reason, packets }) => [reason, packets]));
  const rates = counts.map((count) => ({ ...count, rate: (count.packets - (then.get(count.reason) ?? 0)) / seconds }));
  const of = (...reasons: Reason[]) =>
    rates.filter(({ reason }) => reasons.includes(reason)).reduce((sum, { rate }) => sum + rate, 0);
  const lost = rates.filter(({ outcome, rate }) => outcome !== 'done' && rate > 0);
  return {
    place,
    forwarded: of('FORWARDED', 'TO_SIBLING'),
    sent: of('ENCAPSULATED'),
    delivered: of('DECAPSULATED'),
    dropped: Object.fromEntries(lost.map(({ reason, rate }) => [reason, rate])),
  };
}

function total({ forwarded, sent, delivered, dropped }: PlaceRate): number {
  return forwarded + sent + delivered + Object.values(dropped).reduce((sum, each) => sum + each, 0);
}

function pathRate(before: PathReading, now: PathReading, seconds: number, via: string): PathRate {
  const { from, to, rank, policy, state, rttNs } = now;
  const packets = (now.sent.packets - before.sent.packets) / seconds;
  return { from, to, rank, policy, via, packets, state, rttMs: rttNs === undefined ? null : rttNs / 1e6 };
}
