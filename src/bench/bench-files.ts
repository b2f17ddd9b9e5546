/** Writes and reads the bundle of a bench. */
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { bpfDirectory, usesKernelAes } from '../dataplane/build.ts';
import { CilionError, LabError } from '../errors.ts';
import { type LoadReading, loadBetween, readLoad } from '../measure/machine-load.ts';
import { run } from '../process/process.ts';
import { ownPart } from '../results/bundle-file.ts';
import { MANIFEST, SUMMARY } from '../results/bundle-layout.ts';
import { gitState } from '../results/git-state.ts';
import { VERSION } from '../version.ts';
import {
  BENCH_KINDS,
  BENCH_SCHEMA,
  type BenchKind,
  type BenchManifest,
  type BenchSample,
  type BenchSummary,
  HARNESS_VERSION,
} from './bench-bundle.ts';

const SAMPLES = 'samples.ndjson';

/** A bundle, or a baseline, which has no samples. */
export interface BenchFigures {
  readonly folder: string;
  readonly manifest: BenchManifest;
  readonly summary: BenchSummary;
}

export interface BenchBundle extends BenchFigures {
  readonly samples: readonly BenchSample[];
}

export interface BundleStart {
  readonly results: string;
  readonly bench: BenchKind;
  readonly title: string;
  readonly command: readonly string[];
  readonly seed: number;
  readonly settings: BenchManifest['settings'];
  /** What was used where there is a choice; read at the end. Default: those of a generator and a sink. */
  readonly mechanisms?: BenchManifest['mechanisms'];
  /** Programs, besides the compiler, whose versions matter. Default none. */
  readonly tools?: readonly Tool[];
}

/** How each tells its version. */
const TOOLS = {
  bird: { argv: ['bird', '--version'], pattern: /version (\S+)/ },
  iperf3: { argv: ['iperf3', '--version'], pattern: /iperf (\S+)/ },
  ping: { argv: ['ping', '-V'], pattern: /iputils (\S+)/ },
} as const;
export type Tool = keyof typeof TOOLS;

const FRAME_MECHANISMS = {
  generator: 'BPF_PROG_RUN with live frames into a veth, a thread a core',
  sink: 'XDP program at the far end of a veth',
  time: 'CPU time of the generating threads, on whose account generator, router and sink run',
} as const;

/** A bundle under way: samples are on disk as soon as they are made. */
export class BenchBundleWriter {
  readonly folder: string;
  readonly #start: BundleStart;
  readonly #startedAt = new Date();
  readonly #load: LoadReading = readLoad();
  readonly #loadAverage = loadavg()[0]!;
  readonly #runId = randomBytes(3).toString('hex');

  /** @throws LabError when the folder cannot be made */
  constructor(start: BundleStart) {
    this.#start = start;
    const stamp = this.#startedAt.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
    this.folder = join(start.results, `${stamp}-bench-${start.bench}-${this.#runId}`);
    try {
      mkdirSync(this.folder, { recursive: true });
    } catch (cause) {
      throw new LabError(`cannot make the bundle folder ${this.folder}`, { cause });
    }
  }

  append(sample: BenchSample): void {
    appendFileSync(join(this.folder, SAMPLES), `${JSON.stringify(sample)}\n`);
  }

  async finish(summary: BenchSummary, facts: Pick<BenchManifest, 'stageSeconds' | 'invalid'>): Promise<BenchBundle> {
    const { bench, title, command, seed, settings, mechanisms = FRAME_MECHANISMS, tools = [] } = this.#start;
    const manifest: BenchManifest = {
      schema: BENCH_SCHEMA,
      bench,
      harness: HARNESS_VERSION,
      runId: this.#runId,
      title,
      command,
      startedAt: this.#startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      seed,
      settings,
      git: await gitState(),
      versions: await versions(tools),
      machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryBytes: totalmem() },
      bpf: hashes(bpfDirectory()),
      mechanisms: {
        ...mechanisms,
        aes: usesKernelAes() ? 'the kernel’s bpf_crypto' : 'table (2 KiB) with a cache of recent MACs',
      },
      load: loadBetween(this.#load, readLoad()),
      loadAverageBefore: this.#loadAverage,
      ...facts,
    };
    this.#write(SUMMARY, summary);
    this.#write(MANIFEST, manifest);
    return readBenchBundle(this.folder);
  }

  /** rename(2): a reader sees all of it or nothing. */
  #write(part: string, value: unknown): void {
    const file = join(this.folder, part);
    writeFileSync(`${file}.partial`, `${JSON.stringify(value, null, 2)}\n`);
    renameSync(`${file}.partial`, file);
  }
}

/** What kind of bench a folder is the bundle of; undefined where it is none. */
export function benchKindOf(folder: string): BenchKind | undefined {
  try {
    const { bench } = JSON.parse(read(folder, MANIFEST)) as { bench?: unknown };
    return BENCH_KINDS.find((kind) => kind === bench);
  } catch {
    return undefined;
  }
}

/** @throws CilionError (exit code 2) that names what is missing, damaged or of another schema */
export function readBenchBundle(folder: string): BenchBundle {
  const figures = readBenchFigures(folder);
  const samples = read(folder, SAMPLES)
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => parseText<BenchSample>(line, `${join(folder, SAMPLES)}:${index + 1}`));
  return { ...figures, samples };
}

/** As readBenchBundle, without the samples. */
export function readBenchFigures(folder: string): BenchFigures {
  const manifest = parse<BenchManifest>(folder, MANIFEST);
  if (manifest.schema !== BENCH_SCHEMA || !BENCH_KINDS.includes(manifest.bench)) {
    throw new CilionError(`${join(folder, MANIFEST)} is not that of a bench, or of another version`, {
      exitCode: 2,
      hint: 'a bundle of a bench is a folder results/<time>-bench-<what>-<id>',
    });
  }
  return { folder, manifest, summary: parse<BenchSummary>(folder, SUMMARY) };
}

function parse<T>(folder: string, part: string): T {
  return parseText(read(folder, part), join(folder, part));
}

function read(folder: string, part: string): string {
  const file = ownPart(folder, part);
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CilionError(`${file} is missing or cannot be read`, { exitCode: 2, cause });
  }
}

function parseText<T>(text: string, where: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new CilionError(`${where} is damaged: it is not JSON`, { exitCode: 2, cause });
  }
}

async function versions(tools: readonly Tool[]): Promise<Record<string, string>> {
  const clang = await versionOf(['clang-19', '--version'], /clang version (\S+)/);
  const others = await Promise.all(
    tools.map(async (tool) => [tool, await versionOf(TOOLS[tool].argv, TOOLS[tool].pattern)] as const),
  );
  return { cilion: VERSION, node: process.version, kernel: release(), clang, ...Object.fromEntries(others) };
}

async function versionOf(argv: readonly string[], pattern: RegExp): Promise<string> {
  const { stdout, stderr } = await run(argv);
  return pattern.exec(stdout + stderr)?.[1] ?? 'unknown';
}

/** SHA-256 by file, of what is measured; the benches' own programs included. */
export function hashes(folder: string): Record<string, string> {
  return Object.fromEntries(
    globSync(join(folder, '*.bpf.o'))
      .sort()
      .map((file) => [basename(file), createHash('sha256').update(readFileSync(file)).digest('hex')]),
  );
}
