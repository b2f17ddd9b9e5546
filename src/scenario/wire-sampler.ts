/** Counters of every wire with a middle, as differences every 100 ms. */
import type { Lab } from '../emulator/lab.ts';
import type { WireCounters } from '../emulator/wires.ts';
import type { WireSample } from '../results/bundle.ts';
import type { Scenario } from './model.ts';
import { until } from './timeline.ts';

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
  readonly wires: readonly WireCounters[];
}

async function read(lab: Lab, t0: number): Promise<Reading> {
  const wires = await lab.wires.counters();
  return { t: (performance.now() - t0) / 1000, wires };
}

function difference(before: Reading, now: Reading): WireSample[] {
  return now.wires.flatMap((wire, index) => {
    const then = before.wires[index];
    if (then === undefined) return [];
    const { link, direction } = wire;
    return [
      {
        t: now.t,
        interval: now.t - before.t,
        link,
        direction,
        packets: wire.packets - then.packets,
        bytes: wire.bytes - then.bytes,
        dropped: wire.dropped - then.dropped,
      },
    ];
  });
}

function live(t: number, end: number, samples: readonly WireSample[]): string {
  const busiest = Math.max(0, ...samples.map(({ bytes, interval }) => (bytes * 8) / interval / 1e6));
  return `${t.toFixed(1)} of ${end.toFixed(1)} s, busiest wire ${busiest.toFixed(0)} Mbit/s`;
}
