/** Counters of every wire with a middle, as differences every 100 ms. */
import type { Lab } from '../emulator/lab.ts';
import { DIRECTIONS, type LinkCounters, type WireCounters } from '../emulator/wire/delay-line.ts';
import type { WireSample } from '../results/bundle.ts';
import type { PassClock } from './pass-clock.ts';

const INTERVAL_MS = 100;
/**
 * A reading that is later than this tells of a process that stood still, seconds. Without one, the timeline's events
 * could still be in time; but nobody probed CilION's paths meanwhile, and the wires' samples have a hole.
 */
export const STALL_LIMIT_S = 0.25;

export interface WireSamples {
  /** Up to where the pass was broken off. */
  readonly samples: WireSample[];
  /** Why this process did not get to run when it should have; empty when it did. */
  readonly starved: string[];
}

/** @param duration Seconds. */
export async function sampleWires(
  lab: Lab,
  duration: number,
  clock: PassClock,
  detail: (text: string) => void,
): Promise<WireSamples> {
  const taken: WireSample[] = [];
  const starved: string[] = [];
  try {
    if (!(await clock.until(0))) return { samples: taken, starved };
    let before = await read(lab, clock);
    // A late reading does not make those after it late: points of the grid that have passed are left out.
    for (let point = 1; point * INTERVAL_MS <= duration * 1000; point = nextPoint(point, before.t)) {
      const due = (point * INTERVAL_MS) / 1000;
      if (!(await clock.until(due))) break;
      const now = await read(lab, clock);
      if (now.t - due > STALL_LIMIT_S) starved.push(stall(due, now.t));
      const samples = difference(before, now);
      taken.push(...samples);
      detail(live(now.t, duration, samples));
      before = now;
    }
  } catch (error) {
    if (!(await clock.explains())) throw error;
  }
  return { samples: taken, starved };
}

function nextPoint(point: number, now: number): number {
  return Math.max(point + 1, Math.ceil((now * 1000) / INTERVAL_MS));
}

function stall(due: number, now: number): string {
  return `the testbed or the process of its wires stood still for ${(now - due).toFixed(2)} s from ${due.toFixed(2)} s on`;
}

interface Reading {
  /** Seconds from the start of the pass. */
  readonly t: number;
  readonly links: Readonly<Record<string, LinkCounters>>;
}

async function read(lab: Lab, clock: PassClock): Promise<Reading> {
  const links = await lab.wires.counters();
  return { t: clock.now(), links };
}

function difference(before: Reading, now: Reading): WireSample[] {
  const time = { t: now.t, interval: now.t - before.t };
  return Object.entries(now.links).flatMap(([link, counters]) => {
    const then = before.links[link];
    if (then === undefined) return [];
    return DIRECTIONS.map((direction) => ({ ...time, link, direction, ...less(counters[direction], then[direction]) }));
  });
}

function less(now: WireCounters, then: WireCounters): { packets: number; bytes: number; dropped: number } {
  return {
    packets: now.packets - then.packets,
    bytes: now.bytes - then.bytes,
    dropped: discarded(now) - discarded(then),
  };
}

function discarded({ dropped }: WireCounters): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

function live(t: number, end: number, samples: readonly WireSample[]): string {
  const busiest = Math.max(0, ...samples.map(({ bytes, interval }) => (bytes * 8) / interval / 1e6));
  return `${t.toFixed(1)} of ${end.toFixed(1)} s, busiest wire ${busiest.toFixed(0)} Mbit/s`;
}
