import assert from 'node:assert/strict';
import { mkdtemp, readdir, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { prepareHttp } from '../../src/measure/http.ts';
import { containsMarker } from '../../src/measure/marker.ts';
import { prepareTcp } from '../../src/measure/tcp.ts';
import { prepareUdp } from '../../src/measure/udp.ts';
import type { Outcome, Place, Prepared } from '../../src/measure/workload.ts';
import { run, start } from '../../src/process/process.ts';
import type { HttpWorkload, TcpWorkload, UdpWorkload } from '../../src/scenario/model.ts';

const CLIENT = `ctmea${process.pid}-c`;
const SERVER = `ctmea${process.pid}-s`;
const netns = (name: string) => `/run/netns/${name}`;
const ends = { from: { cluster: 'a', pod: 'c' }, to: { cluster: 'b', pod: 's' } };
const tcp: TcpWorkload = { name: 'bulk', kind: 'tcp', ...ends, flows: 1, rateBps: 40_000_000 };
const udp: UdpWorkload = { name: 'probe', kind: 'udp', ...ends, intervalNs: 10_000_000, payloadBytes: 64 };
const http: HttpWorkload = {
  name: 'web',
  kind: 'http',
  ...ends,
  intervalNs: 50_000_000,
  timeoutNs: 300_000_000,
  responseBytes: 20_000,
};

let place: Place;

before(async () => {
  for (const name of [CLIENT, SERVER]) await run(['ip', 'netns', 'add', name]);
  await run(['ip', 'link', 'add', 'wire', 'netns', CLIENT, 'type', 'veth', 'peer', 'name', 'wire', 'netns', SERVER]);
  for (const [name, address] of [
    [CLIENT, '10.0.0.0/31'],
    [SERVER, '10.0.0.1/31'],
  ] as const) {
    await run(['ip', 'address', 'add', address, 'dev', 'wire'], { netns: netns(name) });
    await run(['ip', 'link', 'set', 'wire', 'up'], { netns: netns(name) });
  }
  const directory = await mkdtemp(join(tmpdir(), 'ctmea-'));
  place = { clientNetns: netns(CLIENT), serverNetns: netns(SERVER), serverAddress: '10.0.0.1', port: 5201, directory };
});

after(async () => {
  for (const name of [CLIENT, SERVER]) await run(['ip', 'netns', 'delete', name]).catch(() => {});
  await rm(place.directory, { recursive: true, force: true });
});

/** Frames to a MAC address that nobody has are discarded by the other end: loss without any error at the sender. */
async function blackhole(): Promise<void> {
  await run(['ip', 'neigh', 'replace', '10.0.0.1', 'lladdr', '02:00:00:00:00:01', 'dev', 'wire', 'nud', 'permanent'], {
    netns: netns(CLIENT),
  });
}

async function heal(): Promise<void> {
  await run(['ip', 'neigh', 'delete', '10.0.0.1', 'dev', 'wire'], { netns: netns(CLIENT) });
}

const afterMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs over three seconds of which [0.5, 1.3) are blackholed when `cut`. */
async function measure<Sample>(prepared: Promise<Prepared<Sample>>, cut: boolean): Promise<Outcome<Sample>> {
  const workload = await prepared;
  const leadMs = 500;
  const t0Ns = process.hrtime.bigint() + BigInt(leadMs) * 1_000_000n;
  const outcome = workload.run({ t0Ns, durationNs: 3e9 });
  if (cut) {
    await afterMs(leadMs + 500);
    await blackhole();
    await afterMs(800);
    await heal();
  }
  return outcome;
}

/** Processes whose network namespace is one of ours. */
async function remaining(): Promise<string[]> {
  const inodes = new Set(await Promise.all([CLIENT, SERVER].map(async (name) => (await stat(netns(name))).ino)));
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const spaces = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => '')));
  return pids.filter((_, index) => inodes.has(Number(/\d+/.exec(spaces[index] ?? '')?.[0])));
}

test('TCP at a set rate arrives at that rate, every 100 ms', async () => {
  const { samples, faults } = await measure(prepareTcp(tcp, place), false);
  assert.deepEqual(faults, []);
  assert.ok(samples.length >= 28 && samples.length <= 30, `${samples.length} samples`);
  const rate =
    (samples.reduce((sum, { bytes }) => sum + bytes, 0) * 8) / samples.reduce((sum, { interval }) => sum + interval, 0);
  assert.ok(Math.abs(rate / tcp.rateBps - 1) < 0.03, `${rate} bit/s`);
  assert.ok(samples.every(({ t, interval }) => t - interval >= 0 && t <= 3));
  assert.deepEqual(await remaining(), []);
});

test('several TCP flows share the rate and are counted together', async () => {
  const { samples, faults } = await measure(prepareTcp({ ...tcp, flows: 4 }, place), false);
  assert.deepEqual(faults, []);
  const rate =
    (samples.reduce((sum, { bytes }) => sum + bytes, 0) * 8) / samples.reduce((sum, { interval }) => sum + interval, 0);
  assert.ok(Math.abs(rate / tcp.rateBps - 1) < 0.03, `${rate} bit/s`);
});

test('a blackhole shows as TCP intervals without a byte, in their place, and as no fault', async () => {
  const { samples, faults } = await measure(prepareTcp(tcp, place), true);
  assert.deepEqual(faults, []);
  const dead = samples.filter(({ t, interval }) => t - interval > 0.56 && t < 1.3);
  assert.ok(dead.length >= 5 && dead.every(({ bytes }) => bytes === 0));
  assert.ok(samples.filter(({ t }) => t < 0.5).every(({ bytes }) => bytes > 0));
  assert.ok(
    samples.some(({ t, bytes }) => t > 1.35 && bytes > 0),
    'it recovers',
  );
});

test('TCP that is still swallowed at the end of the window loses no sample and leaves no process', async () => {
  const workload = await prepareTcp(tcp, place);
  const outcome = workload.run({ t0Ns: process.hrtime.bigint() + 300_000_000n, durationNs: 1e9 });
  await afterMs(800);
  await blackhole();
  const { samples, faults } = await outcome;
  await heal();
  assert.deepEqual(faults, []);
  assert.ok(samples.length >= 9, `${samples.length} samples`);
  assert.equal(samples.at(-1)?.bytes, 0);
  assert.deepEqual(await remaining(), []);
});

test('UDP probes go out at the interval, come back, and carry the marker in clear text', async () => {
  const capture = join(place.directory, 'probe.pcap');
  const listening = Promise.withResolvers<void>();
  const dump = start(['tcpdump', '-i', 'wire', '-U', '-w', capture, '--print', 'udp'], {
    netns: netns(SERVER),
    onStdoutLine: () => listening.resolve(),
  });
  const { samples, faults } = await measure(prepareUdp(udp, place), false);
  await listening.promise;
  await dump.stop();
  assert.deepEqual(faults, []);
  assert.ok(Math.abs(samples.length - 300) <= 2, `${samples.length} probes`);
  assert.ok(samples.filter(({ rtt }) => rtt !== null && rtt > 0 && rtt < 100).length >= samples.length - 2);
  const { stdout } = await run(['tcpdump', '-r', capture, '-A', 'greater', '100']);
  assert.match(stdout, /CILION-CLEARTEXT-MARKER/);
  assert.deepEqual(await remaining(), []);
});

test('a blackhole shows as lost UDP probes, and those after it come back', async () => {
  const { samples, faults } = await measure(prepareUdp(udp, place), true);
  assert.deepEqual(faults, []);
  assert.ok(samples.filter(({ t }) => t > 0.6 && t < 1.28).every(({ rtt }) => rtt === null));
  assert.ok(samples.filter(({ t }) => t < 0.48).every(({ rtt }) => rtt !== null));
  const late = samples.filter(({ t }) => t > 1.5);
  assert.ok(late.length >= 148 && late.every(({ rtt }) => rtt !== null));
});

test('HTTP requests begin at the interval and bring the whole body', async () => {
  const { samples, faults } = await measure(prepareHttp(http, place), false);
  assert.deepEqual(faults, []);
  assert.equal(samples.length, 60);
  assert.deepEqual(
    samples.filter(({ ok }) => !ok),
    [],
  );
  for (const [n, { t }] of samples.entries())
    assert.ok(t >= n * 0.05 && t < n * 0.05 + 0.045, `request ${n} at ${t} s`);
  assert.deepEqual(await remaining(), []);
});

test('HTTP requests into a blackhole fail by their timeout, and later ones succeed', async () => {
  const { samples, faults } = await measure(prepareHttp(http, place), true);
  assert.deepEqual(faults, []);
  const lost = samples.filter(({ t }) => t > 0.6 && t < 0.95);
  assert.ok(lost.length >= 6);
  for (const { error, ms } of lost) {
    assert.equal(error, 'timeout');
    assert.ok(ms >= 299 && ms < 450);
  }
  assert.ok(samples.filter(({ t }) => t > 1.5).every(({ ok }) => ok));
});

test('a client that is refused is a fault and not a silence', async () => {
  const workload = await prepareTcp(tcp, place);
  await run(['ip', 'route', 'add', 'prohibit', '10.0.0.1'], { netns: netns(CLIENT) });
  const { samples, faults } = await workload.run({ t0Ns: process.hrtime.bigint(), durationNs: 1e9 });
  await run(['ip', 'route', 'delete', 'prohibit', '10.0.0.1'], { netns: netns(CLIENT) });
  assert.deepEqual(samples, []);
  assert.match(faults.join('\n'), /bulk: client ended early with exit code 1/);
});

test('a server that cannot listen is an error that says why', async () => {
  const elsewhere = { ...place, serverAddress: '10.9.9.9' };
  await assert.rejects(prepareTcp(tcp, elsewhere), /bulk: server ended early with exit code 1/);
  await assert.rejects(prepareUdp(udp, elsewhere), /probe: server ended early/);
  await assert.rejects(prepareHttp(http, elsewhere), /web: server ended early.*EADDRNOTAVAIL/s);
  assert.deepEqual(await remaining(), []);
});

test('an abort ends every process of a running workload, and of one that has only been prepared', async () => {
  const abort = new AbortController();
  const [running] = await Promise.all([
    prepareUdp(udp, place, abort.signal),
    prepareTcp(tcp, { ...place, port: 5301 }, abort.signal),
  ]);
  const outcome = running.run({ t0Ns: process.hrtime.bigint(), durationNs: 60e9 });
  await afterMs(200);
  assert.equal((await remaining()).length, 3);
  abort.abort(new Error('stopped by the user'));
  await assert.rejects(outcome, /stopped by the user/);
  assert.deepEqual(await remaining(), []);
});

test('iperf3 payload is readable as its repeated digits', async () => {
  const capture = join(place.directory, 'bulk.pcap');
  const dump = start(['tcpdump', '-i', 'wire', '-U', '-c', '40', '-w', capture, 'tcp', 'and', 'dst', 'port', '5201'], {
    netns: netns(SERVER),
  });
  await measure(prepareTcp(tcp, place), false);
  await dump.exited;
  const { stdout } = await run(['tcpdump', '-r', capture, '-A', 'greater', '1000']);
  assert.ok(containsMarker(Buffer.from(stdout)));
});
