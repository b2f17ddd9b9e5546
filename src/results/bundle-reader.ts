/** Reads a bundle back, and says clearly what is missing or not understood. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CilionError } from '../errors.ts';
import {
  BUNDLE_SCHEMA,
  type Manifest,
  type ObservedPacket,
  type Pass,
  type ReplayRecord,
  type Summary,
  type TimelineRecord,
  type TopologyRecord,
  type Verdicts,
  type WireSample,
} from './bundle.ts';
import { ownPart } from './bundle-file.ts';
import { EVENTS, MANIFEST, SUMMARY, samplesPath, TOPOLOGY, VERDICTS } from './bundle-layout.ts';
import type { PassData, WorkloadSamples } from './pass-data.ts';

export interface Bundle {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly topology: TopologyRecord;
  readonly summary: Summary;
  readonly verdicts: Verdicts;
  /** In the order in which they ran. */
  readonly passes: readonly PassData[];
}

/** @throws CilionError (exit code 2) that names the part that is missing, damaged or of another schema. */
export async function readBundle(folder: string): Promise<Bundle> {
  const manifest = await readManifest(folder);
  const events = await readLines<TimelineRecord>(folder, EVENTS);
  const passes: PassData[] = [];
  for (const pass of manifest.passes) passes.push(await readPass(folder, manifest, pass, events));
  return {
    folder,
    manifest,
    topology: await readPart<TopologyRecord>(folder, TOPOLOGY, ['ases', 'links', 'paths']),
    summary: await readPart<Summary>(folder, SUMMARY, ['passes']),
    verdicts: await readPart<Verdicts>(folder, VERDICTS, ['verdicts', 'holds']),
    passes,
  };
}

/** The manifest alone. @throws CilionError as readBundle. */
export async function readManifest(folder: string): Promise<Manifest> {
  const manifest = await readPart<Manifest & { readonly schema: unknown }>(folder, MANIFEST, ['schema']);
  if (manifest.schema !== BUNDLE_SCHEMA) {
    throw new CilionError(
      `${join(folder, MANIFEST)}: schema ${JSON.stringify(manifest.schema)}, not ${BUNDLE_SCHEMA}`,
      {
        exitCode: 2,
        hint: 'read it with the version of cilion that wrote it (versions.cilion in the manifest)',
      },
    );
  }
  requireFields(join(folder, MANIFEST), manifest, MANIFEST_FIELDS);
  return manifest;
}

const MANIFEST_FIELDS = [
  ...['runId', 'scenario', 'command', 'startedAt', 'finishedAt', 'durationSeconds', 'repeat', 'seed', 'transports'],
  ...['workloads', 'passes', 'controlPlane', 'bgp', 'git', 'versions', 'machine', 'bpf', 'mechanisms', 'inputs'],
  ...['stageSeconds', 'invalid'],
];

async function readPass(
  folder: string,
  manifest: Manifest,
  pass: Pass,
  events: readonly TimelineRecord[],
): Promise<PassData> {
  const workloads: WorkloadSamples[] = [];
  for (const { name, kind } of manifest.workloads) {
    // The kind in the manifest decides what the lines of the file are.
    workloads.push({ kind, name, samples: await readLines(folder, samplesPath(pass.id, name)) } as WorkloadSamples);
  }
  const replays = await readOptionalLines<ReplayRecord>(folder, samplesPath(pass.id, 'replays'));
  return {
    pass,
    durationSeconds: pass.brokenOffAt ?? manifest.durationSeconds,
    workloads,
    events: events.filter((event) => event.pass === pass.id),
    wires: (await readOptionalLines<WireSample>(folder, samplesPath(pass.id, 'wires'))) ?? [],
    observed: await readOptionalLines<ObservedPacket>(folder, samplesPath(pass.id, 'observed')),
    ...(replays === null ? {} : { replays }),
  };
}

async function readPart<T extends object>(folder: string, part: string, fields: readonly string[]): Promise<T> {
  const file = ownPart(folder, part);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw missing(file, cause);
  }
  return requireFields(file, parse(text, file), fields) as T;
}

function requireFields(file: string, value: unknown, fields: readonly string[]): object {
  if (typeof value !== 'object' || value === null) throw damaged(file, 'it holds no object');
  const absent = fields.filter((field) => !(field in value));
  if (absent.length > 0) throw damaged(file, `it lacks ${absent.join(', ')}`);
  return value;
}

async function readOptionalLines<T>(folder: string, part: string): Promise<T[] | null> {
  try {
    return await readLines<T>(folder, part);
  } catch (error) {
    if (error instanceof CilionError && isNotFound(error.cause)) return null;
    throw error;
  }
}

/** Line by line, because what an observer saw can be longer than a string may be. */
async function readLines<T>(folder: string, part: string): Promise<T[]> {
  const file = ownPart(folder, part);
  const rows: T[] = [];
  const stream = createReadStream(file, 'utf8');
  const failed = new Promise<never>((_, reject) => stream.once('error', reject));
  const lines = async (): Promise<void> => {
    let number = 0;
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      number += 1;
      if (line !== '') rows.push(parse(line, `${file}:${number}`) as T);
    }
  };
  try {
    await Promise.race([lines(), failed]);
  } catch (cause) {
    stream.destroy();
    throw cause instanceof CilionError ? cause : missing(file, cause);
  }
  return rows;
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw damaged(where, 'it is not JSON', cause);
  }
}

function missing(file: string, cause: unknown): CilionError {
  return new CilionError(isNotFound(cause) ? `${file} is missing` : `${file} cannot be read`, {
    exitCode: 2,
    hint: 'a bundle is the folder results/<time>-<scenario>-<id> of a run that finished',
    cause,
  });
}

function damaged(where: string, what: string, cause?: unknown): CilionError {
  return new CilionError(`${where} is damaged: ${what}`, { exitCode: 2, cause });
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
