/** The captures of a pass, and what the observer among them received. */
import { dirname } from 'node:path';
import type { Lab } from '../emulator/lab.ts';
import { type LinkPlan, wiredLinks } from '../emulator/plan.ts';
import type { CaptureFiles } from '../emulator/wire/capture.ts';
import { readPcap } from '../emulator/wire/pcap.ts';
import { LabError } from '../errors.ts';
import { containsMarker } from '../measure/marker.ts';
import type { ObservedPacket } from '../results/bundle.ts';
import type { BundleWriter } from '../results/bundle-writer.ts';
import { observe } from '../results/observed.ts';
import type { Capture, Scenario } from './model.ts';
import { podPlace } from './places.ts';

export interface RunningCaptures {
  readonly files: ReadonlyMap<Capture, CaptureFiles>;
  /** Once; later calls do nothing. Returns why a file is incomplete, if one is. */
  stop(): Promise<string[]>;
}

export async function startCaptures(
  scenario: Scenario,
  lab: Lab,
  bundle: BundleWriter,
  pass: string,
): Promise<RunningCaptures> {
  const files = new Map<Capture, CaptureFiles>();
  for (const capture of scenario.captures) {
    const { link, snapLength } = capture;
    const directory = dirname(await bundle.captureFile(pass, link));
    files.set(capture, await lab.wires.startCapture({ link, directory, snapLength }));
  }
  let running = true;
  const stop = async () => {
    if (!running) return [];
    running = false;
    return stopAll(scenario, lab);
  };
  return { files, stop };
}

async function stopAll(scenario: Scenario, lab: Lab): Promise<string[]> {
  const faults: string[] = [];
  for (const { link } of scenario.captures) {
    try {
      const reports = await lab.wires.stopCapture(link);
      const missed = reports.ab.missed + reports.ba.missed;
      if (missed > 0)
        faults.push(`the capture of ${link} misses ${missed} frames: they came faster than they were written`);
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      faults.push(`the capture of ${link} is incomplete: ${error.message}`);
    }
  }
  return faults;
}

export interface Observed {
  readonly packets: readonly ObservedPacket[];
  /** Why a capture could not be read to its end. */
  readonly faults: readonly string[];
}

/**
 * Packets of pods' traffic that arrived at the observers, in order of arrival; null where the scenario has none.
 * @param startNs Wall clock at t = 0, nanoseconds since the epoch.
 */
export async function observeCaptures(
  scenario: Scenario,
  lab: Lab,
  captures: RunningCaptures,
  startNs: bigint,
): Promise<Observed | null> {
  const observers = [...captures.files].filter(([capture]) => capture.observer !== undefined);
  if (observers.length === 0) return null;
  const end = scenario.durationNs / 1e9;
  const prefixes = lab.plan.clusters.map(({ prefix }) => prefix);
  const workloadsBetween = workloadsByPods(scenario, lab);
  const packets: ObservedPacket[] = [];
  const faults: string[] = [];
  for (const [capture, files] of observers) {
    const link = linkPlan(lab, capture.link);
    // Only the direction towards the observer: what it sends itself did not arrive.
    const file = link.b.ia === capture.observer ? files.ab : files.ba;
    const observer = { link: capture.link, startNs, prefixes, containsMarker, workloadsBetween };
    try {
      for await (const packet of observe(readPcap(file), observer)) {
        // What came before t = 0 belongs to the warm-up.
        if (packet.t >= 0 && packet.t <= end) packets.push(packet);
      }
    } catch (error) {
      // Whoever wrote it was killed within a record: what stands before that did arrive.
      if (!(error instanceof LabError)) throw error;
      faults.push(`the capture of ${capture.link} is damaged: ${error.message}`);
    }
  }
  return { packets: packets.sort((a, b) => a.t - b.t), faults };
}

/** In either direction. */
function workloadsByPods({ workloads }: Scenario, { plan }: Lab): (src: string, dst: string) => readonly string[] {
  const pairs = Map.groupBy(workloads, ({ from, to }) =>
    [from, to]
      .map((pod) => podPlace(plan, pod).pod.address)
      .sort()
      .join(' '),
  );
  const names = new Map([...pairs].map(([pair, all]) => [pair, all.map(({ name }) => name)]));
  return (src, dst) => names.get([src, dst].sort().join(' ')) ?? [];
}

function linkPlan(lab: Lab, id: string): LinkPlan {
  const link = wiredLinks(lab.plan).find((candidate) => candidate.id === id);
  if (link === undefined) throw new LabError(`the lab has no link ${id}`);
  return link;
}
