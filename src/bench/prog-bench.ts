/** `cilion bench prog`: each BPF program alone, by BPF_PROG_RUN on packets that are made new before every run. */
import { bpfObject } from '../dataplane/build.ts';
import { layoutFromBtf, structCodec, u32 } from '../dataplane/layout.ts';
import { LabError } from '../errors.ts';
import { type NativeObject, type NativeProgram, native } from '../native.ts';
import { quantile, seededRandom } from '../results/statistics.ts';
import type { BenchSample, ProgRow, ProgramSize, ProgSummary } from './bench-bundle.ts';
import { BenchLab } from './bench-lab.ts';
import { BenchPrograms } from './bench-programs.ts';
import { patchValues } from './patches.ts';
import { farMac, routerMac } from './places.ts';
import { loadCases, type ProgCase, TC_REDIRECT, XDP_VERDICTS } from './prog-cases.ts';
import { medianRatio } from './resampling.ts';
import { shuffled } from './router-bench.ts';
import { INTERVAL_ALPHA } from './router-summary.ts';

export interface ProgBenchSettings {
  /** Rounds over all cases, in an order of its own each. */
  readonly blocks: number;
  /** Runs of a program in one measurement. */
  readonly repeat: number;
  readonly seed: number;
}

export interface ProgBenchOptions {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  readonly onSample: (sample: BenchSample) => void;
}

const SITE = 'prog';
/** Before the cache of the MACs has seen all paths of a case. */
const WARM_UP_REPEAT = 20_000;
const XDP_MD_LENGTH = 24;
const INGRESS_IFINDEX_AT = 12;

export async function runProgBench(settings: ProgBenchSettings, options: ProgBenchOptions): Promise<ProgSummary> {
  const lab = await BenchLab.build([SITE], 1);
  try {
    const site = lab.site(SITE);
    const programs = new BenchPrograms({ to: farMac('out'), from: routerMac('out') });
    const harness = new Harness(site.netns);
    const timestamp = Math.floor(Date.now() / 1000) - 60;
    const loaded = loadCases(site, lab.ifindexLimit, programs, timestamp);
    const samples = new Map<ProgCase, { gross: number[]; restore: number[] }>(
      loaded.cases.map((each) => [each, { gross: [], restore: [] }]),
    );
    const random = seededRandom(settings.seed);
    for (let block = 0; block < settings.blocks; block++) {
      for (const each of shuffled(loaded.cases, random)) {
        options.signal.throwIfAborted();
        const { grossNs, restoreNs } = harness.measure(each, settings.repeat);
        samples.get(each)!.gross.push(grossNs);
        samples.get(each)!.restore.push(restoreNs);
        options.onSample({ kind: 'prog', block, program: each.program.name, case: each.name, grossNs, restoreNs });
      }
      options.progress(`block ${block + 1} of ${settings.blocks}`);
      // The measurement holds this thread; a signal is heard here.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const rows = loaded.cases.map((each): ProgRow => rowOf(each, samples.get(each)!, settings.seed));
    const sizes = sizesOf(loaded.cases);
    loaded.close();
    harness.close();
    programs.close();
    return { bench: 'prog', rows, programs: sizes };
  } finally {
    await lab.destroy();
  }
}

function rowOf(
  { program, name, hook, verdict }: ProgCase,
  { gross, restore }: { gross: readonly number[]; restore: readonly number[] },
  seed: number,
): ProgRow {
  const net = gross.map((ns, block) => Math.max(ns - restore[block]!, 0.1));
  const ns = medianRatio(
    net,
    net.map(() => 1),
    { seed, alpha: INTERVAL_ALPHA },
  );
  return {
    program: program.name,
    case: name,
    ns,
    instructions: null,
    verdict: hook === 'xdp' ? XDP_VERDICTS[verdict]! : verdict === TC_REDIRECT ? 'redirect' : String(verdict),
  };
}

function sizesOf(cases: readonly ProgCase[]): ProgramSize[] {
  const programs = new Map(cases.map(({ program }) => [program.name, program]));
  return [...programs.values()]
    .map(({ name, info }) => ({ program: name, ...info }))
    .map(({ program, jitedBytes, verifiedInstructions }) => ({ program, jitedBytes, verifiedInstructions }));
}

/** The program before the one that is measured. */
export class Harness {
  readonly #object: NativeObject;
  readonly #packet;
  readonly #headerLength: number;
  readonly #netns: string;

  constructor(netns: string) {
    const path = bpfObject('bench_prog');
    this.#netns = netns;
    this.#object = native().openObject(path);
    const layout = layoutFromBtf(native().readBtf(path).structs, 'bench_packet');
    this.#packet = structCodec(layout);
    this.#headerLength = layout.fields.find(({ name }) => name === 'header')!.size;
    this.#object.load();
  }

  /** The best of three short runs each way: what disturbs one can only add to it. */
  measure(each: ProgCase, repeat: number): { readonly grossNs: number; readonly restoreNs: number } {
    this.#setPacket(each);
    const { hook, verdict } = each;
    const end = this.#object.program(`bench_end_${hook}`);
    this.#run(each, each.program, WARM_UP_REPEAT, verdict);
    const gross: number[] = [];
    const restore: number[] = [];
    for (let round = 0; round < 3; round++) {
      gross.push(this.#run(each, each.program, repeat, verdict));
      restore.push(this.#run(each, end, repeat, undefined));
    }
    return { grossNs: quantile(gross, 0), restoreNs: quantile(restore, 0) };
  }

  close(): void {
    this.#object.close();
  }

  #setPacket({ frames, moves }: ProgCase): void {
    const { first, count, segIdAt, macAt } = frames;
    const header = new Uint8Array(this.#headerLength);
    header.set(first.subarray(0, header.length));
    const fill = (offsets: readonly number[]) => [0, 1].map((index) => offsets[index] ?? 0);
    this.#object.map('bench_packet').update(
      u32(0),
      this.#packet.encode({
        frame_len: first.length,
        patch_mask: count - 1,
        fields: macAt.length,
        seg_id_at: fill(segIdAt),
        mac_at: fill(macAt),
        moves,
        runs: 0n,
        header,
      }),
    );
    const { keys, values } = patchValues(frames, 0);
    this.#object.map('bench_patches').updateBatch(keys, values, count);
  }

  #run(
    { hook, frames, ingress, name, program }: ProgCase,
    measured: NativeProgram,
    repeat: number,
    verdict: number | undefined,
  ): number {
    this.#object.map(`measured_${hook}`).update(u32(0), u32(measured.fd));
    const ctx = new Uint8Array(XDP_MD_LENGTH);
    const view = new DataView(ctx.buffer);
    view.setUint32(4, frames.first.length, true);
    if (ingress !== undefined) view.setUint32(INGRESS_IFINDEX_AT, ingress, true);
    const result = this.#object.program(`bench_${hook}`).run({
      data: frames.first,
      repeat,
      netns: this.#netns,
      ...(hook === 'xdp' ? { ctx } : {}),
    });
    if (verdict !== undefined && result.retval !== verdict) {
      throw new LabError(`${program.name} ended with ${result.retval} on ${name}, where ${verdict} was expected`);
    }
    return result.durationNs;
  }
}
