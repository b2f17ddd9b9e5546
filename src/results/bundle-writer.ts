/** Writes a bundle: whole parts appear at once or not at all, streams grow by whole lines. */
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LabError } from '../errors.ts';
import type {
  HttpSample,
  Manifest,
  ObservedPacket,
  ReplayRecord,
  Summary,
  TcpSample,
  TimelineRecord,
  TopologyRecord,
  UdpSample,
  Verdicts,
  WireSample,
} from './bundle.ts';
import {
  capturePath,
  EVENTS,
  INPUTS,
  isSafeName,
  LOGS,
  MANIFEST,
  RESERVED_SAMPLES,
  SUMMARY,
  samplesPath,
  TOPOLOGY,
  VERDICTS,
} from './bundle-layout.ts';

export interface BundleName {
  /** Folder that holds all bundles; made where it is missing. */
  readonly resultsFolder: string;
  readonly scenario: string;
  /** Short id of the run, as its namespaces carry it. */
  readonly shortId: string;
  readonly startedAt: Date;
}

export class BundleWriter {
  /** Absolute. */
  readonly folder: string;
  /** Appends to one file happen one after the other, in the order of the calls. */
  readonly #pending = new Map<string, Promise<void>>();
  readonly #inputs = new Set<string>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Makes the folder `<resultsFolder>/<YYYYMMDD-HHMMSS>-<scenario>-<short id>` (local time).
   * @throws LabError when it exists or cannot be made.
   */
  static async create(name: BundleName): Promise<BundleWriter> {
    const called = `${stamp(name.startedAt)}-${name.scenario}-${name.shortId}`;
    if (!isSafeName(called)) throw new LabError(`"${called}" cannot be the name of a bundle's folder`);
    const folder = resolve(name.resultsFolder, called);
    try {
      await mkdir(name.resultsFolder, { recursive: true });
      await mkdir(folder);
    } catch (cause) {
      throw new LabError(`cannot make the bundle folder ${folder}`, { cause });
    }
    return new BundleWriter(folder);
  }

  writeManifest(manifest: Manifest): Promise<void> {
    return this.#writeJson(MANIFEST, manifest);
  }

  writeTopology(topology: TopologyRecord): Promise<void> {
    return this.#writeJson(TOPOLOGY, topology);
  }

  writeSummary(summary: Summary): Promise<void> {
    return this.#writeJson(SUMMARY, summary);
  }

  writeVerdicts(verdicts: Verdicts): Promise<void> {
    return this.#writeJson(VERDICTS, verdicts);
  }

  /** Copies an input file, byte for byte, and returns its entry in the manifest. `path` is as the user gave it. */
  async writeInput(path: string, text: string): Promise<Manifest['inputs'][number]> {
    const copy = join(INPUTS, this.#freeInputName(basename(path)));
    await this.#writeAtomically(copy, text);
    return { path, sha256: createHash('sha256').update(text).digest('hex'), copy };
  }

  appendEvents(records: readonly TimelineRecord[]): Promise<void> {
    return this.#append(EVENTS, records);
  }

  /** Also with no samples: the empty file says that the workload ran and brought none. */
  appendSamples(
    pass: string,
    workload: string,
    samples: readonly (TcpSample | UdpSample | HttpSample)[],
  ): Promise<void> {
    if (RESERVED_SAMPLES.includes(workload)) throw new LabError(`a workload cannot be named "${workload}"`);
    return this.#append(samplesPath(pass, workload), samples);
  }

  appendWires(pass: string, samples: readonly WireSample[]): Promise<void> {
    return this.#append(samplesPath(pass, 'wires'), samples);
  }

  /** Also with no packets: the empty file says that the observer looked and saw none. */
  appendObserved(pass: string, packets: readonly ObservedPacket[]): Promise<void> {
    return this.#append(samplesPath(pass, 'observed'), packets);
  }

  appendReplays(pass: string, replays: readonly ReplayRecord[]): Promise<void> {
    return this.#append(samplesPath(pass, 'replays'), replays);
  }

  /** Takes over all files of a folder of logs. */
  async addLogs(folder: string): Promise<void> {
    await cp(folder, join(this.folder, LOGS), { recursive: true });
  }

  /** Absolute path for the capture of a link (topology link id), its folder made. */
  async captureFile(pass: string, link: string): Promise<string> {
    const file = join(this.folder, capturePath(pass, link));
    await mkdir(dirname(file), { recursive: true });
    return file;
  }

  #freeInputName(name: string): string {
    let free = name;
    for (let n = 2; this.#inputs.has(free); n++) free = `${n}-${name}`;
    this.#inputs.add(free);
    return free;
  }

  #writeJson(part: string, value: unknown): Promise<void> {
    return this.#writeAtomically(part, `${JSON.stringify(value, null, 2)}\n`);
  }

  /** rename(2) replaces the old part in one step, so that a reader sees one or the other. */
  async #writeAtomically(part: string, text: string): Promise<void> {
    const file = join(this.folder, part);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.partial`, text);
    await rename(`${file}.partial`, file);
  }

  #append(part: string, rows: readonly object[]): Promise<void> {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const before = this.#pending.get(part) ?? Promise.resolve();
    const done = before.then(async () => {
      const file = join(this.folder, part);
      await mkdir(dirname(file), { recursive: true });
      await appendFile(file, text);
    });
    this.#pending.set(part, done);
    return done;
  }
}

function stamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
