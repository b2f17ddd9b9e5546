/** Generator, sink and the bare redirect (bpf/bench_router.bpf.c), loaded once for a whole bench. */
import { bpfObject } from '../dataplane/build.ts';
import { layoutFromBtf, structCodec, u32 } from '../dataplane/layout.ts';
import { macBytes } from '../dataplane/mac-address.ts';
import { LabError } from '../errors.ts';
import { type NativeObject, type NativeProgram, native } from '../native.ts';
import type { CaseFrames } from './cases.ts';
import type { Pace } from './pace.ts';
import { patchValues } from './patches.ts';

/** Room for the paths of this many cases with cold caches. */
const PATCH_ENTRIES = 1 << 18;

export interface Counts {
  /** By the generator. */
  readonly sent: number;
  /** At the sinks, of the frames' length. */
  readonly received: number;
  /** Other frames at the sinks. */
  readonly stray: number;
}

/** Frames that are ready to be sent, one path after another. */
export interface Traffic {
  readonly frame: Uint8Array;
  readonly firstPatch: number;
  readonly frames: CaseFrames;
}

export class BenchPrograms {
  readonly generator: NativeProgram;
  readonly sink: NativeProgram;
  readonly redirect: NativeProgram;
  readonly #object: NativeObject;
  readonly #traffic;
  readonly #pace;
  readonly #count;
  readonly #counters: Readonly<Record<string, number>>;
  #usedPatches = 0;

  /** @param nextHop Where the bare redirect addresses frames to, and from where; MAC addresses. */
  constructor(nextHop: { readonly to: string; readonly from: string }) {
    const path = bpfObject('bench_router');
    const { structs, enums } = native().readBtf(path);
    this.#traffic = structCodec(layoutFromBtf(structs, 'bench_traffic'));
    this.#pace = structCodec(layoutFromBtf(structs, 'bench_pace'));
    this.#count = structCodec(layoutFromBtf(structs, 'bench_count'));
    this.#counters = enums.find(({ name }) => name === 'bench_counter')!.values;
    const macs = new Uint8Array([...macBytes(nextHop.to), ...macBytes(nextHop.from)]);
    this.#object = native().openObject(path);
    this.#object.setGlobal('next_hop_first', macs.subarray(0, 8));
    this.#object.setGlobal('next_hop_rest', macs.subarray(8));
    this.#object.setMaxEntries('bench_patches', PATCH_ENTRIES);
    this.#object.load();
    this.generator = this.#object.program('bench_generate');
    this.sink = this.#object.program('bench_sink');
    this.redirect = this.#object.program('bench_redirect');
  }

  /** Writes a case's paths where the generator finds them. @throws LabError when there is no room for more */
  prepare(frames: CaseFrames): Traffic {
    const firstPatch = this.#usedPatches;
    this.#usedPatches += frames.count;
    if (this.#usedPatches > PATCH_ENTRIES) throw new LabError('too many cases for one bench');
    const { keys, values } = patchValues(frames, firstPatch);
    this.#object.map('bench_patches').updateBatch(keys, values, frames.count);
    return { frame: frames.first, firstPatch, frames };
  }

  /**
   * What the generator sends from now on, and what the sinks count; `header` in place of the frame's first bytes. With a
   * pace, each core's begins with the first frame that it sends.
   */
  aim(traffic: Traffic, ifindex: number, header = traffic.frame, pace?: Pace): void {
    const { frames, firstPatch } = traffic;
    const fill = (offsets: readonly number[]) => [0, 1].map((index) => offsets[index] ?? 0);
    const headerLength = 112;
    this.#object.map('bench_traffic').update(
      u32(0),
      this.#traffic.encode({
        ifindex,
        frame_len: header.length,
        first_patch: firstPatch,
        patch_mask: frames.count - 1,
        fields: frames.macAt.length,
        seg_id_at: fill(frames.segIdAt),
        mac_at: fill(frames.macAt),
        batch: pace?.batch ?? 0,
        batch_ns: BigInt(pace?.batchNs ?? 0),
        header: header.slice(0, headerLength),
      }),
    );
    this.#object.map('bench_pace').update(u32(0), this.#pace.encode({ due_ns: 0n, left: 0n }));
  }

  /** Where the bare redirect sends frames. */
  setRedirect(ifindex: number, netns: string): void {
    this.#object.map('bench_port').update(u32(0), u32(ifindex), 'any', netns);
  }

  /** Since the programs were loaded. */
  counts(): Counts {
    return {
      sent: this.#read('BENCH_SENT'),
      received: this.#read('BENCH_RECEIVED'),
      stray: this.#read('BENCH_STRAY'),
    };
  }

  close(): void {
    this.#object.close();
  }

  #read(counter: string): number {
    const perCpu = this.#object.map('bench_counts').lookupPerCpu(u32(this.#counters[counter]!)) ?? [];
    return perCpu.reduce((sum, bytes) => sum + Number(this.#count.decode(bytes)['packets']), 0);
  }
}
