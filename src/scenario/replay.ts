/**
 * Attackers who hold a wire for a while: packets that were captured there are sent again from there, as they were or
 * altered. What becomes of them is counted where they arrive: by the routers that refuse them, and at the pods that they
 * are for. The originals never came there (the attacker swallowed them), so what does arrive was sent again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ArrivalCounter } from '../dataplane/arrivals.ts';
import { UNDERLAY_LENGTH } from '../dataplane/underlay.ts';
import type { Lab } from '../emulator/lab.ts';
import { type LinkEndPlan, type PodPlan, wiredLinks } from '../emulator/plan.ts';
import type { CaptureFiles } from '../emulator/wire/capture.ts';
import { readPcap } from '../emulator/wire/pcap.ts';
import { LabError } from '../errors.ts';
import { native } from '../native.ts';
import type { ReplayRecord } from '../results/bundle.ts';
import { type Alteration, alterPacket } from '../scion/altered-packet.ts';
import type { Attached } from '../transports/transport.ts';
import { type CapturedPacket, capturedPacket } from './captured-packet.ts';
import type { Capture, ReplayEvent, Scenario } from './model.ts';
import type { PassClock } from './pass-clock.ts';
import { podPlace } from './places.ts';

/** So many at a time, in the time of as many milliseconds: less than a device's queue holds, and few sockets. */
const BURST = 50;
/** How long after the last one something may still become of them. */
const PATIENCE_MS = 1000;
/** A look at the counters of every router costs milliseconds, which the samplers lack. */
const POLL_MS = 100;

export interface ReplayPlace {
  readonly lab: Lab;
  readonly captures: ReadonlyMap<Capture, CaptureFiles>;
  readonly attached: Attached;
  readonly clock: PassClock;
  readonly arrivals: ArrivalCounter;
}

/** Attached before a pass begins, since that takes time; undefined where the timeline has nobody send anything again. */
export function countArrivals({ timeline, workloads }: Scenario, lab: Lab): ArrivalCounter | undefined {
  if (!timeline.some(({ event }) => event === 'scion.replay')) return undefined;
  const pods = new Set(workloads.flatMap(({ from, to }) => [podPlace(lab.plan, from).pod, podPlace(lab.plan, to).pod]));
  return new ArrivalCounter([...pods].map((pod) => eth0(lab, pod)));
}

export class Replayer {
  readonly records: ReplayRecord[] = [];
  readonly #place: ReplayPlace;
  readonly #byEvent = new Map<ReplayEvent, ReplayRecord>();

  constructor(place: ReplayPlace) {
    this.#place = place;
  }

  async replay(event: ReplayEvent, over: AbortSignal): Promise<void> {
    const { lab, attached, clock } = this.#place;
    const chosen = await this.#capturedBy(event);
    const frames = chosen.map(({ frame, port }) => ({ port, bytes: resent(frame, event, lab) }));
    const { arrivals } = this.#place;
    arrivals.expect(chosen.map(({ inner }) => inner));
    const before = attached.refused?.() ?? {};
    const refused = () => risen(before, attached.refused?.() ?? {});
    // A timer may fire a little early, and a window may begin with the event.
    const t = Math.max(clock.now(), event.at / 1e9);
    for (let at = 0; at < frames.length; at += BURST) {
      over.throwIfAborted();
      for (const [port, some] of Map.groupBy(frames.slice(at, at + BURST), (frame) => frame.port)) {
        const burst = some.map(({ bytes }) => bytes);
        native().sendFrames(burst, port.ifindex, lab.netns(port.namespace));
      }
      await delay(BURST);
    }
    const deadline = performance.now() + PATIENCE_MS;
    const open = () => frames.length - arrivals.count() - sum(refused());
    while (open() > 0 && performance.now() < deadline && !over.aborted) await delay(POLL_MS);
    const record = {
      t,
      by: event.by,
      alter: event.alter,
      sent: frames.length,
      delivered: arrivals.count(),
      refused: refused(),
    };
    this.records.push(record);
    this.#byEvent.set(event, record);
  }

  /** `100 sent; 98 arrived, 2 refused (BAD_MAC 2)`. */
  outcome(event: ReplayEvent): string | undefined {
    const record = this.#byEvent.get(event);
    if (record === undefined) return undefined;
    const reasons = Object.entries(record.refused).map(([reason, packets]) => `${reason} ${packets}`);
    const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
    return `${record.sent} sent; ${record.delivered} arrived at their pods, ${sum(record.refused)} refused${why}`;
  }

  /** The last packets that arrived on the AS's wires so far, in the order of their arrival. */
  async #capturedBy({ by, count }: ReplayEvent): Promise<CapturedPacket[]> {
    const { lab, captures } = this.#place;
    const found: CapturedPacket[] = [];
    for (const [capture, files] of captures) {
      if (capture.observer !== by) continue;
      const link = wiredLinks(lab.plan).find(({ id }) => id === capture.link);
      if (link === undefined) throw new LabError(`the lab has no wire ${capture.link}`);
      const [file, port] = link.b.ia === by ? [files.ab, link.b] : [files.ba, link.a];
      found.push(...(await read(file, port)));
    }
    found.sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
    return found.slice(-count);
  }
}

/** `the last 100 packets that it captured again, unchanged`. */
export function describeReplay({ alter, count }: ReplayEvent): string {
  return `the last ${count} packets that it captured again, ${ALTERED[alter]}`;
}

const ALTERED: Readonly<Record<Alteration, string>> = {
  nothing: 'unchanged',
  mac: 'with a bit of the hop field’s MAC flipped',
  interface: 'redirected, with a MAC of its own making',
  position: 'skipping the hop field of the next router',
};

/** The file is still being written: it may end within a record. */
async function read(file: string, port: LinkEndPlan): Promise<CapturedPacket[]> {
  const packets: CapturedPacket[] = [];
  try {
    for await (const record of readPcap(file)) {
      const packet = capturedPacket(record, port);
      if (packet !== undefined) packets.push(packet);
    }
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
  }
  return packets;
}

/** Back to the neighbour that it came from; from IP on as it was captured, but for the path where that is altered. */
function resent(frame: Uint8Array, { by, alter }: ReplayEvent, { control }: Lab): Uint8Array {
  const out = Uint8Array.from(frame);
  out.set(frame.subarray(6, 12), 0);
  out.set(frame.subarray(0, 6), 6);
  out.set(alterPacket(frame.subarray(UNDERLAY_LENGTH), alter, control.forwardingKey(by)), UNDERLAY_LENGTH);
  return out;
}

function eth0(lab: Lab, { namespace }: PodPlan) {
  const device = lab.plan.veths.find(({ b }) => b.namespace === namespace)?.b;
  if (device === undefined) throw new LabError(`the plan has no device in ${namespace}`);
  return { ifindex: device.ifindex, netns: lab.netns(namespace) };
}

function risen(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): Record<string, number> {
  const counts = Object.entries(now).map(([reason, packets]) => [reason, packets - (before[reason] ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, packets]) => packets > 0));
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
