/** What a run says of itself when a part of it dies, or when it does not get to run: nothing of that is quietly wrong. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Manifest, TimelineRecord } from '../../src/results/bundle.ts';
import { type Started, startCilion } from './cilion.ts';
import { measured, pidOf, remainsOf } from './lab-processes.ts';

const SCENARIO = 'scenarios/tiny.yaml';
/** Its HTTP workload, and how many of its lines are there half a second into the pass. */
const [HTTP, HALF_A_SECOND] = ['shop', 10];

const scratch = mkdtempSync(join(tmpdir(), 'cilion-validity-'));
after(() => rmSync(scratch, { recursive: true }));

interface Run {
  readonly running: Started;
  readonly lab: string;
  readonly results: string;
}

/** A run that is half a second into its first pass. */
async function begin(name: string, transports = 'ip,cilion'): Promise<Run> {
  const results = join(scratch, name);
  const running = startCilion(['run', SCENARIO, '--transport', transports, '--results', results]);
  const lab = await running.matched(/lab (\w+):[\s\S]*measure the wires/);
  await measured(lab, HTTP, HALF_A_SECOND);
  return { running, lab, results };
}

interface Bundle {
  readonly manifest: Manifest;
  readonly events: readonly TimelineRecord[];
  readonly page: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly folder: string;
}

/** The bundle of a run that ended as one that cannot be trusted. */
async function invalidBundle({ running, results }: Run): Promise<Bundle> {
  const { code, stdout, stderr } = await running.ended;
  assert.equal(code, 3, `${stdout}\n${stderr}`);
  const folder = join(results, readdirSync(results)[0] ?? '');
  const text = (file: string) => readFileSync(join(folder, file), 'utf8');
  const manifest = JSON.parse(text('manifest.json')) as Manifest;
  const events = text('events.ndjson')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TimelineRecord);
  return { manifest, events, page: text('report.html'), stdout, stderr, folder };
}

const KINDS: readonly { readonly kind: string; readonly command: RegExp; readonly told: RegExp }[] = [
  { kind: 'BIRD', command: /^bird .*110\.conf/, told: /^BIRD of \S*110 \(bird, pid/ },
  { kind: 'delay line', command: /wire-process\.ts/, told: /^the delay line of the wires \(wire-process\.ts, pid/ },
  { kind: 'iperf3 server', command: /^iperf3 -s/, told: /^bulk: server \(iperf3, pid/ },
  { kind: 'iperf3 client', command: /^iperf3 -c/, told: /^bulk: client \(iperf3, pid/ },
  { kind: 'irtt server', command: /^irtt server/, told: /^ping: server \(irtt, pid/ },
  { kind: 'irtt client', command: /^irtt client/, told: /^ping: client \(irtt, pid/ },
  { kind: 'HTTP server', command: /http-server\.ts/, told: /^shop: server \(http-server\.ts, pid/ },
  { kind: 'HTTP client', command: /http-client\.ts/, told: /^shop: client \(http-client\.ts, pid/ },
];

for (const { kind, command, told } of KINDS) {
  test(`the death of the ${kind} is noticed within a second, named at the top, and ends the run with what there is`, async () => {
    const run = await begin(kind.replace(' ', '-'));
    const pid = pidOf(run.lab, command);
    process.kill(pid, 'SIGKILL');
    const killed = Date.now();
    const { manifest, events, page, stdout, stderr, folder } = await invalidBundle(run);
    assert.deepEqual(remainsOf(run.lab), []);

    assert.deepEqual(
      manifest.passes.map(({ id }) => id),
      ['ip-1'],
      'nothing is played on',
    );
    const [pass] = manifest.passes;
    const end = events.find(({ event }) => event === 'process.ended')!;
    assert.match(end.text, told);
    assert.ok(end.text.includes(`pid ${pid}, in cil-${run.lab}-`), end.text);
    assert.match(end.text, /ended by itself with signal SIGKILL/);
    const noticed = pass!.startedAt + end.started * 1000 - killed;
    assert.ok(Math.abs(noticed) < 1000, `noticed after ${noticed} ms`);
    assert.equal(pass!.brokenOffAt, end.started);

    assert.ok(manifest.invalid[0]?.includes(end.text), manifest.invalid.join('\n'));
    assert.equal(manifest.tooBusy, false);
    assert.ok(stdout.startsWith(`INVALID RUN: ${manifest.invalid[0]}\n`), stdout);
    assert.match(stderr, /^cilion: the run is invalid: ip-1, at /m);
    assert.match(page, /This run is invalid/);
    for (const { name } of manifest.workloads) assert.ok(existsSync(join(folder, `samples/ip-1/${name}.ndjson`)), name);
    assert.ok(readFileSync(join(folder, `samples/ip-1/${HTTP}.ndjson`), 'utf8').split('\n').length > HALF_A_SECOND / 2);
  });
}

test('generators that stand still for a while are named with how long, and the run says that it was too busy', async () => {
  const run = await begin('stopped-generators');
  const pids = [/^irtt client/, /^iperf3 -c/, /http-client\.ts/].map((command) => pidOf(run.lab, command));
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await delay(600);
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  const { manifest, stdout } = await invalidBundle(run);
  const said = manifest.invalid.join('\n');
  for (const who of ['ping: no probe was sent', 'shop: no request began', 'bulk: the sender: no line of its figures']) {
    assert.match(said, new RegExp(`^ip-1: ${who}.* for 0\\.[5-9]\\d s from 0\\.\\d\\d s on`, 'm'));
  }
  assert.equal(manifest.tooBusy, true);
  assert.match(stdout, /^INVALID RUN: ip-1: ping: no probe was sent/m);
  assert.deepEqual(
    manifest.passes.map(({ id }) => id),
    ['ip-1', 'cilion-1'],
    'the lab is whole, so the run goes on',
  );
});

test('a testbed that stands still over an event says that the event was late, and for how long it stood still', async () => {
  const run = await begin('stopped-timeline', 'ip');
  const pid = run.running.pid;
  // The event is due at 2 s.
  await measured(run.lab, HTTP, 3 * HALF_A_SECOND);
  process.kill(pid, 'SIGSTOP');
  // Its own clients run on and tell when the event has passed.
  await measured(run.lab, HTTP, 5 * HALF_A_SECOND);
  process.kill(pid, 'SIGCONT');
  const { manifest, stderr } = await invalidBundle(run);
  const said = manifest.invalid.join('\n');
  assert.match(said, /^ip-1: "1-ff00:0:110#1\S* changes to 15 ms delay" was \d+ ms late \(limit \d+ ms\)$/m);
  assert.match(said, /^ip-1: the testbed or the process of its wires stood still for \d\.\d\d s from 1\.\d0 s on$/m);
  assert.equal(manifest.tooBusy, true);
  assert.match(stderr, /the machine was too busy/);
});
