/** Counters of every wire with a middle, as differences every 100 ms. */
import type { Lab } from '../emulator/lab.ts';
import { DIRECTIONS, type LinkCounters, type WireCounters } from '../emulator/wire/delay-line.ts';
import type { WireSample } from '../results/bundle.ts';
import type { Scenario } from './model.ts';
import { until } from './play-timeline.ts';

const INTERVAL_MS = 100;

export async function sampleWires(
  lab: Lab,
  scenario: Scenario,
  t0: number,
  signal: AbortSignal,
  detail: (text: string) => void,
): Promise<WireSample[]> {
  const samples: WireSample[] = [];
  const end = scenario.durationNs / 1e6;
  await until(t0, signal);
  let before = await read(lab, t0);
  for (let due = INTERVAL_MS; due <= end; due += INTERVAL_MS) {
    await until(t0 + due, signal);
    const now = await read(lab, t0);
    const taken = difference(before, now);
    samples.push(...taken);
    detail(live(now.t, end / 1000, taken));
    before = now;
  }
  return samples;
}

interface Reading {
  /** Seconds from the start of the pass. */
  readonly t: number;
  readonly links: Readonly<Record<string, LinkCounters>>;
}

async function read(lab: Lab, t0: number): Promise<Reading> {
  const links = await lab.wires.counters();
  return { t: (performance.now() - t0) / 1000, links };
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
