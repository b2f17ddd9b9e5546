/**
 * The middles of all wires of a lab: one BPF program at every middle device, one ring of waiting frames divided among
 * the directions, one thread that re-injects. Runs in a process of its own (wire-process.ts).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bpfObject } from '../../dataplane/build.ts';
import { LabError } from '../../errors.ts';
import { type Native, type NativeMap, type NativeObject, native } from '../../native.ts';
import type { Shape } from '../../topology/model.ts';
import type { WirePlan } from '../plan.ts';
import { type CaptureFiles, type CaptureRequest, captureFiles } from './capture.ts';
import { maxFrame, needsRing, objectFor, shapeFields } from './shape.ts';
import { readStructs, WireStruct } from './wire-struct.ts';

export type Direction = 'ab' | 'ba';
export const DIRECTIONS = ['ab', 'ba'] as const;

export interface DelayLineConfig {
  /** Path of the namespace that holds all middle devices. */
  readonly netns: string;
  /** Folder on a BPF file system, made by this; the maps are pinned there. */
  readonly pins: string;
  readonly wires: readonly WirePlan[];
  /** Bytes of the ring of captured frames, a power of two; 0 when nothing will be captured. */
  readonly captureBytes: number;
}

export interface WireCounters {
  /** Frames that left at the far end, and their bytes without FCS. */
  readonly packets: number;
  readonly bytes: number;
  /**
   * Frames discarded, by reason: `queue` is the rate limit's, `ring` means too few slots, `length` above the MTU,
   * `refused` by the router's device, whose queue was full.
   */
  readonly dropped: {
    readonly loss: number;
    readonly queue: number;
    readonly ring: number;
    readonly cut: number;
    readonly length: number;
    readonly refused: number;
  };
  /** Frames under way now. */
  readonly waiting: number;
  /** Frames that a capture should hold and does not, because its ring was full. */
  readonly captureMissed: number;
}

export type LinkCounters = Readonly<Record<Direction, WireCounters>>;

export interface CaptureReport {
  readonly file: string;
  readonly packets: number;
  /** Frames that crossed while the capture ran and are not in the file. */
  readonly missed: number;
}

export interface DelayLineStats {
  /** CPU time of the re-injecting thread. */
  readonly cpuNs: number;
  readonly wakeups: number;
  readonly batches: number;
  readonly frames: number;
  /** 0, or why the thread ended. */
  readonly errno: number;
}

interface NativeDelayLine {
  stats(): DelayLineStats;
  startCapture(direction: number, path: string, snapLength: number): void;
  stopCapture(direction: number): { packets: number; errno: number };
  stop(): void;
}

type WireNative = Native & { startDelayLine(pins: string, netns: string): NativeDelayLine };

const KICK_AND_CAPTURE_MINIMUM = 4096;
const MAPS = ['wire_config', 'wire_state', 'wire_ring', 'wire_wake', 'wire_kick', 'wire_capture'];

interface Way {
  readonly index: number;
  readonly slots: number;
}

interface ActiveCapture {
  readonly files: CaptureFiles;
  readonly missedBefore: Readonly<Record<Direction, number>>;
}

export class DelayLine {
  readonly #ways = new Map<string, Readonly<Record<Direction, Way>>>();
  readonly #captures = new Map<string, ActiveCapture>();
  readonly #object: NativeObject;
  readonly #config: ArrayBuffer;
  readonly #state: ArrayBuffer;
  readonly #configStruct: WireStruct;
  readonly #stateStruct: WireStruct;
  readonly #line: NativeDelayLine;

  /**
   * Loads, configures, pins, attaches; frames flow when it returns. The devices exist and are up.
   * @throws LabError for a wire that cannot be carried; errors of the kernel as the addon throws them.
   */
  constructor(config: DelayLineConfig) {
    const path = bpfObject(objectFor(config.wires));
    const structs = readStructs(path);
    this.#configStruct = new WireStruct(structs, 'wire_config');
    this.#stateStruct = new WireStruct(structs, 'wire_state');
    this.#object = native().openObject(path);
    this.#load(config);
    this.#config = this.#object.map('wire_config').mmap();
    this.#state = this.#object.map('wire_state').mmap();
    this.#configure(config.wires);
    this.#pin(config.pins);
    this.#line = (native() as WireNative).startDelayLine(config.pins, config.netns);
    const program = this.#object.program('wire');
    native().inNetns(config.netns, () => {
      for (const wire of config.wires) for (const end of [wire.a, wire.b]) program.attachXdp(end.ifindex);
    });
  }

  /** Effective for the next frame. Order is kept: no frame overtakes those that wait under the old shape. */
  setShape(link: string, direction: Direction, shape: Shape): void {
    const way = this.#way(link, direction);
    if (needsRing(shape) && way.slots === 0) {
      throw new LabError(`${link} ${direction} cannot delay or limit: the plan gave it no ring slots`);
    }
    this.#writeConfig(way, { ...shapeFields(shape) });
  }

  /** Counters of every direction; reads shared memory, microseconds for hundreds of wires. */
  counters(): Record<string, LinkCounters> {
    const links = [...this.#ways].map(([link, ways]) => [link, { ab: this.#count(ways.ab), ba: this.#count(ways.ba) }]);
    return Object.fromEntries(links) as Record<string, LinkCounters>;
  }

  /** @throws LabError when the link is being captured; an error with code EEXIST when a file exists. */
  startCapture(request: CaptureRequest): CaptureFiles {
    if (this.#captures.has(request.link)) throw new LabError(`${request.link} is being captured already`);
    const files = captureFiles(request.directory, request.link);
    mkdirSync(request.directory, { recursive: true });
    const ways = this.#waysOf(request.link);
    const missedBefore = { ab: this.#count(ways.ab).captureMissed, ba: this.#count(ways.ba).captureMissed };
    for (const direction of DIRECTIONS) {
      this.#line.startCapture(ways[direction].index, files[direction], request.snapLength);
    }
    for (const direction of DIRECTIONS) this.#writeConfig(ways[direction], { capture_bytes: request.snapLength });
    this.#captures.set(request.link, { files, missedBefore });
    return files;
  }

  /** Both files are complete and closed when it returns. */
  stopCapture(link: string): Record<Direction, CaptureReport> {
    const active = this.#captures.get(link);
    if (active === undefined) throw new LabError(`${link} is not being captured`);
    const ways = this.#waysOf(link);
    for (const direction of DIRECTIONS) this.#writeConfig(ways[direction], { capture_bytes: 0 });
    this.#captures.delete(link);
    return { ab: this.#finish(ways.ab, active, 'ab'), ba: this.#finish(ways.ba, active, 'ba') };
  }

  stats(): DelayLineStats {
    return this.#line.stats();
  }

  /** Ends captures and the thread. The programs stay at their devices, which go with their namespace. */
  stop(): void {
    for (const link of [...this.#captures.keys()]) this.stopCapture(link);
    this.#line.stop();
  }

  #load(config: DelayLineConfig): void {
    const directions = 2 * config.wires.length;
    const slots = config.wires.reduce((sum, wire) => sum + 2 * wire.ringSlots, 0);
    const ports = Math.max(0, ...config.wires.flatMap((wire) => [wire.a.ifindex, wire.b.ifindex])) + 1;
    this.#object.setMaxEntries('wire_port', ports);
    this.#object.setMaxEntries('wire_config', Math.max(1, directions));
    this.#object.setMaxEntries('wire_state', Math.max(1, directions));
    this.#object.setMaxEntries('wire_ring', Math.max(1, slots));
    this.#object.setMaxEntries('wire_capture', Math.max(KICK_AND_CAPTURE_MINIMUM, config.captureBytes));
    this.#object.load();
  }

  #configure(wires: readonly WirePlan[]): void {
    const ports = this.#object.map('wire_port');
    let firstSlot = 0;
    for (const [number, wire] of wires.entries()) {
      const slots = checkedSlots(wire);
      this.#ways.set(wire.link, { ab: { index: 2 * number, slots }, ba: { index: 2 * number + 1, slots } });
      for (const direction of DIRECTIONS) {
        const [from, to] = direction === 'ab' ? [wire.a, wire.b] : [wire.b, wire.a];
        const way = this.#way(wire.link, direction);
        const place = { out_ifindex: to.ifindex, first_slot: firstSlot, slots, max_length: maxFrame(wire.mtu) };
        this.#writeConfig(way, { ...place, ...shapeFields(wire[direction]) });
        this.#stateStruct.write(this.#state, way.index * this.#stateStruct.stride, {
          'entry.random': randomState(wire.seed, direction),
        });
        setPort(ports, from.ifindex, way.index + 1);
        firstSlot += slots;
      }
    }
  }

  #pin(pins: string): void {
    mkdirSync(pins, { recursive: true });
    for (const name of MAPS) this.#object.map(name).pin(join(pins, name));
  }

  #count(way: Way): WireCounters {
    const at = way.index * this.#stateStruct.stride;
    const read = (name: string) => this.#stateStruct.read(this.#state, at, name);
    return {
      packets: read('entry.packets') + read('exit.packets'),
      bytes: read('entry.bytes') + read('exit.bytes'),
      dropped: {
        loss: read('entry.lost'),
        queue: read('entry.queue_full'),
        ring: read('entry.ring_full'),
        cut: read('entry.cut') + read('exit.cut'),
        length: read('entry.oversize'),
        refused: read('exit.refused'),
      },
      waiting: Math.max(0, read('entry.head') - read('exit.tail')),
      captureMissed: read('entry.capture_missed') + read('exit.capture_missed'),
    };
  }

  #finish(way: Way, active: ActiveCapture, direction: Direction): CaptureReport {
    const { packets, errno } = this.#line.stopCapture(way.index);
    const file = active.files[direction];
    if (errno !== 0) throw new LabError(`${file}: writing failed with error ${errno} after ${packets} frames`);
    return { file, packets, missed: this.#count(way).captureMissed - active.missedBefore[direction] };
  }

  #writeConfig(way: Way, values: Readonly<Record<string, number | bigint>>): void {
    this.#configStruct.write(this.#config, way.index * this.#configStruct.stride, values);
  }

  #way(link: string, direction: Direction): Way {
    return this.#waysOf(link)[direction];
  }

  #waysOf(link: string): Readonly<Record<Direction, Way>> {
    const ways = this.#ways.get(link);
    if (ways === undefined) throw new LabError(`${link} has no middle: the plan neither shapes, cuts nor captures it`);
    return ways;
  }
}

function checkedSlots(wire: WirePlan): number {
  const slots = wire.ringSlots;
  if (slots !== 0 && (slots & (slots - 1)) !== 0)
    throw new LabError(`${wire.link}: ${slots} ring slots, not a power of two`);
  if (slots === 0 && (needsRing(wire.ab) || needsRing(wire.ba)))
    throw new LabError(`${wire.link} delays or limits but has no ring slots`);
  return slots;
}

function setPort(ports: NativeMap, ifindex: number, value: number): void {
  ports.update(new Uint8Array(Uint32Array.of(ifindex).buffer), new Uint8Array(Uint32Array.of(value).buffer));
}

/** Start of the direction's xorshift64 sequence: never 0, and seeds that differ by little start far apart (splitmix64). */
export function randomState(seed: number, direction: Direction): bigint {
  let x = BigInt.asUintN(64, (BigInt(seed) * 2n + (direction === 'ab' ? 0n : 1n) + 1n) * 0x9e3779b97f4a7c15n);
  x = BigInt.asUintN(64, (x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
  x = BigInt.asUintN(64, (x ^ (x >> 27n)) * 0x94d049bb133111ebn);
  return (x ^ (x >> 31n)) | 1n;
}
