/** What ran, on what, from which inputs: everything that somebody needs to judge a run or to repeat it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { bpfDirectory, usesKernelAes } from '../dataplane/build.ts';
import { WIRE_QUEUE } from '../emulator/device-roles.ts';
import type { Lab } from '../emulator/lab.ts';
import { CONGESTION_CONTROL } from '../measure/tcp.ts';
import { run } from '../process/process.ts';
import { BUNDLE_SCHEMA, type Manifest, type Pass } from '../results/bundle.ts';
import { gitState } from '../results/git-state.ts';
import { VERSION } from '../version.ts';
import type { Scenario } from './model.ts';

export interface RunFacts {
  readonly lab: Lab;
  readonly startedAt: Date;
  readonly command: readonly string[];
  readonly stageSeconds: Readonly<Record<string, number>>;
  readonly invalid: readonly string[];
  readonly tooBusy: boolean;
  readonly inputs: Manifest['inputs'];
}

export async function describeRun(scenario: Scenario, passes: readonly Pass[], facts: RunFacts): Promise<Manifest> {
  const { lab } = facts;
  const { name, title, question, source } = scenario;
  return {
    schema: BUNDLE_SCHEMA,
    runId: lab.directory.id,
    scenario: { name, title, question, file: source },
    command: facts.command,
    startedAt: facts.startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    durationSeconds: scenario.durationNs / 1e9,
    repeat: scenario.repeat,
    seed: scenario.seed,
    transports: scenario.transports,
    workloads: scenario.workloads,
    passes,
    controlPlane: scenario.controlPlane,
    bgp: scenario.bgp,
    git: await gitState(),
    versions: { ...(await versions(lab.bgp.version)), ...scionVersion(lab) },
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryBytes: totalmem() },
    bpf: hashes(bpfDirectory(), '.bpf.o'),
    mechanisms: {
      shaping: 'XDP at the middle of a wire, delayed frames re-injected through a packet socket',
      aes: usesKernelAes() ? 'the kernel’s bpf_crypto' : 'table (2 KiB) with a cache of recent MACs',
      segmentation: 'in software before each wire; no frame longer than its MTU',
      'queue of a wire': WIRE_QUEUE,
      'TCP congestion control': CONGESTION_CONTROL,
      'receive offload': 'GRO on at every router and node',
      ...(scenario.backend === 'kind' ? { clusters: 'kind: nodes are containers, pods the kubelet’s' } : {}),
      ...(scenario.controlPlane === 'reference'
        ? {
            'slow path': 'the reference router beside each border router in XDP',
            'SCION control services': beginning(lab),
          }
        : {}),
      ...Object.fromEntries(
        passes.flatMap(({ transport, implementation }) =>
          implementation === undefined ? [] : [[transport, implementation]],
        ),
      ),
    },
    inputs: facts.inputs,
    stageSeconds: facts.stageSeconds,
    invalid: facts.invalid,
    tooBusy: facts.tooBusy,
  };
}

function beginning({ reference }: Lab): string {
  const learned = reference?.learnedBefore;
  return learned === undefined
    ? 'began with empty databases'
    : `began with what those of an earlier run had learned by ${learned.toISOString()}`;
}

function scionVersion({ reference }: Lab): Record<string, string> {
  return reference === undefined ? {} : { scionproto: reference.tools.version };
}

async function versions(bird: string): Promise<Record<string, string>> {
  const [iperf3, irtt, clang] = await Promise.all([
    versionOf(['iperf3', '--version'], /iperf (\S+)/),
    versionOf(['irtt', 'version'], /irtt version: (\S+)/),
    versionOf(['clang-19', '--version'], /clang version (\S+)/),
  ]);
  return { cilion: VERSION, node: process.version, kernel: release(), bird, iperf3, irtt, clang };
}

async function versionOf(argv: readonly string[], pattern: RegExp): Promise<string> {
  const { stdout, stderr } = await run(argv);
  return pattern.exec(stdout + stderr)?.[1] ?? 'unknown';
}

function hashes(folder: string, ending: string): Record<string, string> {
  const files = readdirSync(folder).filter((name) => name.endsWith(ending));
  return Object.fromEntries(
    files.sort().map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  );
}
