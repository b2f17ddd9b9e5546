/**
 * Looks at frames on their way through devices of a lab (bpf/capture.bpf.c). An XDP program steps in front of the one
 * that a device has, and out again at the end; should this process be killed, frames go on through both, and the next
 * capture there, or the lab's end, takes it away.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type NativeMap, type NativeObject, type NativeProgram, native } from '../native.ts';
import { bpfObject } from './build.ts';
import { unixOffsetNs } from './clock.ts';
import { structCodec, u32 } from './layout.ts';
import { enums, layouts } from './layouts.gen.ts';

/** Bytes of a frame that a capture keeps at most. */
export const MAX_SNAP_LENGTH = layouts.cilion_captured.fields.find(({ name }) => name === 'data')!.size;
/** A kernel keeps 15 characters of it. */
const PROGRAM = 'capture';
const NEXT = 'next_program';

export type CaptureDirection = 'ab' | 'ba';

/** `arriving`: what arrives at a device, at XDP. `both`: what passes a device that has no XDP program; it leaves `ab`. */
export type CapturePoint =
  | {
      readonly kind: 'arriving';
      readonly direction: CaptureDirection;
      readonly ifindex: number;
      readonly netns: string;
    }
  | { readonly kind: 'both'; readonly ifindex: number; readonly netns: string };

export interface CapturedFrame {
  /** Wall clock, nanoseconds since the epoch. */
  readonly timeNs: bigint;
  readonly direction: CaptureDirection;
  /** On the wire, without FCS; `bytes` may hold fewer. */
  readonly originalLength: number;
  readonly bytes: Uint8Array;
}

const countsCodec = structCodec(layouts.cilion_capture_counts);
const offsetOf = (field: string) => layouts.cilion_captured.fields.find(({ name }) => name === field)!.offset;
const OFFSETS = {
  time: offsetOf('time'),
  length: offsetOf('length'),
  way: offsetOf('direction'),
  data: offsetOf('data'),
};

interface Tap {
  readonly point: CapturePoint;
  /** Folder of pins; only of a point with XDP. */
  readonly pins: string;
  readonly program: NativeProgram | undefined;
}

export class FrameCapture {
  readonly #taps: Tap[] = [];
  readonly #first: NativeObject;
  readonly #counts: NativeMap;
  readonly #ring: { poll(): number; close(): void };
  readonly #clockOffset = unixOffsetNs();
  #arrived: CapturedFrame[] = [];

  /**
   * Frames are kept from now on, `snapLength` bytes of each (14 to MAX_SNAP_LENGTH).
   * @param pins A folder of the lab's BPF file system, for this point alone.
   * @throws errors of the kernel as the addon throws them; nothing stays attached then
   */
  constructor(points: readonly { readonly point: CapturePoint; readonly pins: string }[], snapLength: number) {
    this.#first = native().openObject(bpfObject(PROGRAM));
    prepare(this.#first, points[0]?.point, snapLength);
    this.#counts = this.#first.map('capture_counts');
    this.#ring = native().openRing(this.#first.map('captured'), (record) => this.#arrived.push(this.#decode(record)));
    try {
      points.forEach(({ point, pins }, index) => {
        const object = index === 0 ? this.#first : this.#another(point, snapLength);
        this.#attach(object, point, pins);
      });
    } catch (error) {
      this.#detach();
      throw error;
    }
  }

  /** What has arrived since the last call, in the order of time. */
  take(): CapturedFrame[] {
    this.#ring.poll();
    const frames = this.#arrived;
    this.#arrived = [];
    return frames.sort((x, y) => (x.timeNs < y.timeNs ? -1 : x.timeNs > y.timeNs ? 1 : 0));
  }

  /** Frames that passed while it ran and `take` never returns, because they came faster than it was called. */
  missed(): number {
    const counts = (this.#counts.lookupPerCpu(u32(0)) ?? []).map((bytes) => countsCodec.decode(bytes));
    return counts.reduce((sum, { missed }) => sum + Number(missed), 0);
  }

  /** Every device is as it was; `take` still returns what came before. */
  stop(): void {
    this.#detach();
  }

  #another(point: CapturePoint, snapLength: number): NativeObject {
    const object = native().openObject(bpfObject(PROGRAM));
    for (const name of ['captured', 'capture_counts']) object.reuseMap(name, this.#first.map(name));
    return prepare(object, point, snapLength);
  }

  #attach(object: NativeObject, point: CapturePoint, pins: string): void {
    const { ifindex, netns } = point;
    if (point.kind === 'both') {
      this.#taps.push({ point, pins, program: undefined });
      object.program('capture_ab').attachTc(ifindex, 'egress', netns);
      object.program('capture_ba').attachTc(ifindex, 'ingress', netns);
      return;
    }
    stepOut(ifindex, netns, pins);
    const program = object.program(PROGRAM);
    const next = object.map(NEXT);
    const before = native().xdpProgramId(ifindex, netns);
    if (before !== 0) next.update(u32(0), u32(native().programById(before).fd));
    mkdirSync(pins, { recursive: true });
    // A map of programs forgets them when nobody holds it open: pinned, it outlives this process.
    next.pin(join(pins, NEXT));
    this.#taps.push({ point, pins, program });
    program.attachXdp(ifindex, netns);
  }

  #detach(): void {
    for (const { point, pins } of this.#taps.splice(0)) {
      if (!existsSync(point.netns)) continue; // The lab went, and the device with it.
      if (point.kind === 'both') native().detachTc(point.ifindex, point.netns);
      else stepOut(point.ifindex, point.netns, pins);
    }
  }

  #decode(record: Uint8Array): CapturedFrame {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    const { CILION_CAPTURE_AB } = enums.cilion_capture_direction;
    return {
      timeNs: view.getBigUint64(OFFSETS.time, true) + this.#clockOffset,
      direction: view.getUint32(OFFSETS.way, true) === CILION_CAPTURE_AB ? 'ab' : 'ba',
      originalLength: view.getUint32(OFFSETS.length, true),
      bytes: record.subarray(OFFSETS.data),
    };
  }
}

function prepare(object: NativeObject, point: CapturePoint | undefined, snapLength: number): NativeObject {
  const { CILION_CAPTURE_AB, CILION_CAPTURE_BA } = enums.cilion_capture_direction;
  const backwards = point?.kind === 'arriving' && point.direction === 'ba';
  object.setGlobal('arriving', u32(backwards ? CILION_CAPTURE_BA : CILION_CAPTURE_AB));
  object.setGlobal('snap_length', u32(snapLength));
  object.load();
  return object;
}

/** Puts back what was there before a capture, also one that was killed; does nothing where there is none. */
function stepOut(ifindex: number, netns: string, pins: string): void {
  const pin = join(pins, NEXT);
  if (!existsSync(pin)) return;
  const current = native().xdpProgramId(ifindex, netns);
  // Else a transport has taken the device meanwhile.
  if (current !== 0 && native().programById(current).name === PROGRAM) {
    const before = native().openPinnedMap(pin).lookup(u32(0));
    if (before === undefined) native().detachXdp(ifindex, netns);
    else
      native().programById(new DataView(before.buffer, before.byteOffset).getUint32(0, true)).attachXdp(ifindex, netns);
  }
  rmSync(pins, { recursive: true });
}
