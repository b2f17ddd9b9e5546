import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { prepareHttp } from '../../src/measure/http.ts';
import { containsMarker } from '../../src/measure/marker.ts';
import { prepareTcp } from '../../src/measure/tcp.ts';
import { prepareUdp } from '../../src/measure/udp.ts';
import type { Place } from '../../src/measure/workload.ts';
import { type Running, run, start } from '../../src/process/process.ts';
import { Watch } from '../../src/process/watch.ts';
import type { TcpSample } from '../../src/results/bundle.ts';
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
let calm: Awaited<ReturnType<typeof measure>>;
let cut: Awaited<ReturnType<typeof measure>>;
/** What crossed the wire while it was calm: a pcap file. */
let frames: Buffer;

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
  place = {
    clientNetns: netns(CLIENT),
    serverNetns: netns(SERVER),
    serverAddress: '10.0.0.1',
    port: 5201,
    directory,
    watch: new Watch(),
  };
  const file = join(place.directory, 'wire.pcap');
  const dump = await capture(file);
  calm = await measure(false);
  await dump.stop();
  frames = await readFile(file);
  cut = await measure(true);
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

const LEAD_MS = 500;

/** All workloads side by side over three seconds, of which [0.5, 1.3) are blackholed when `cut`. */
async function measure(cut: boolean) {
  const prepared = await Promise.all([
    prepareTcp(tcp, place),
    prepareTcp({ ...tcp, name: 'four', flows: 4 }, { ...place, port: 5202 }),
    prepareUdp(udp, { ...place, port: 5203 }),
    prepareHttp(http, { ...place, port: 5204 }),
  ]);
  const window = { t0Ns: process.hrtime.bigint() + BigInt(LEAD_MS) * 1_000_000n, durationNs: 3e9 };
  const [one, four, probes, web] = prepared;
  const outcomes = Promise.all([one.run(window), four.run(window), probes.run(window), web.run(window)]);
  if (cut) {
    await afterMs(LEAD_MS + 500);
    await blackhole();
    await afterMs(800);
    await heal();
  }
  const [bulk, flows, rtts, requests] = await outcomes;
  return { bulk, flows, rtts, requests };
}

function rateOf(samples: readonly TcpSample[]): number {
  const sum = (field: 'bytes' | 'interval') => samples.reduce((total, sample) => total + sample[field], 0);
  return (sum('bytes') * 8) / sum('interval');
}

/** Writes what crosses the server's wire to a file until it is stopped; resolves once it does. */
async function capture(file: string): Promise<Running> {
  const listens = Promise.withResolvers<void>();
  const dump = start(['tcpdump', '-i', 'wire', '-U', '-s', '200', '-w', file, '--print', '-l'], {
    netns: netns(SERVER),
    onStdoutLine: () => listens.resolve(),
  });
  // It prints what it captures: a packet that it saw proves that it listens.
  while ((await Promise.race([listens.promise.then(() => true), ping()])) !== true);
  return dump;
}

const ping = () => run(['ping', '-q', '-c', '1', '-W', '1', '10.0.0.1'], { netns: netns(CLIENT) });

/** The frames of a pcap file: 24 bytes of file header, then 16 of record header before each. */
function framesOf(pcap: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 24; at + 16 <= pcap.length; ) {
    const length = pcap.readUInt32LE(at + 8);
    found.push(pcap.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return found;
}

/** Source and destination port of TCP or UDP in IPv4 without options in Ethernet. */
const portsOf = (frame: Buffer): number[] =>
  frame.length < 38 ? [] : [frame.readUInt16BE(34), frame.readUInt16BE(36)];

/** Processes whose network namespace is one of ours. */
async function remaining(): Promise<string[]> {
  const inodes = new Set(await Promise.all([CLIENT, SERVER].map(async (name) => (await stat(netns(name))).ino)));
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const spaces = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => '')));
  return pids.filter((_, index) => inodes.has(Number(/\d+/.exec(spaces[index] ?? '')?.[0])));
}

test('no workload reports a fault, cut off for a while or not, and none leaves a process', async () => {
  for (const { faults } of [...Object.values(calm), ...Object.values(cut)]) assert.deepEqual(faults, []);
  assert.deepEqual(place.watch.endings, []);
  assert.deepEqual(await remaining(), []);
});

test('TCP at a set rate arrives at that rate, every 100 ms', () => {
  const { samples } = calm.bulk;
  assert.ok(samples.length >= 28 && samples.length <= 30, `${samples.length} samples`);
  assert.ok(Math.abs(rateOf(samples) / tcp.rateBps - 1) < 0.03, `${rateOf(samples)} bit/s`);
  assert.ok(samples.every(({ t, interval }) => t - interval >= 0 && t <= 3));
});

test('several TCP flows share the rate and are counted together', () => {
  assert.ok(Math.abs(rateOf(calm.flows.samples) / tcp.rateBps - 1) < 0.03, `${rateOf(calm.flows.samples)} bit/s`);
});

test('a blackhole shows as TCP intervals without a byte, in their place', () => {
  const { samples } = cut.bulk;
  const dead = samples.filter(({ t, interval }) => t - interval > 0.56 && t < 1.3);
  assert.ok(dead.length >= 5 && dead.every(({ bytes }) => bytes === 0));
  assert.ok(samples.filter(({ t }) => t < 0.5).every(({ bytes }) => bytes > 0));
  assert.ok(
    samples.some(({ t, bytes }) => t > 1.35 && bytes > 0),
    'it recovers',
  );
});

test('UDP probes go out at the interval and come back', () => {
  const { samples } = calm.rtts;
  // A busy machine leaves some out, which a run would tell (starvation.ts).
  assert.ok(samples.length >= 270 && samples.length <= 302, `${samples.length} probes`);
  assert.ok(samples.filter(({ rtt }) => rtt !== null && rtt > 0 && rtt < 100).length >= samples.length - 2);
});

test('a blackhole shows as lost UDP probes, and those after it come back', () => {
  const { samples } = cut.rtts;
  const dead = samples.filter(({ t }) => t > 0.6 && t < 1.28);
  assert.ok(dead.length >= 50 && dead.every(({ rtt }) => rtt === null));
  assert.ok(samples.filter(({ t }) => t < 0.48).every(({ rtt }) => rtt !== null));
  const late = samples.filter(({ t }) => t > 1.5);
  assert.ok(late.length >= 130 && late.every(({ rtt }) => rtt !== null));
});

test('HTTP requests begin at the interval and bring the whole body', () => {
  const { samples } = calm.requests;
  assert.equal(samples.length, 60);
  assert.deepEqual(
    samples.filter(({ ok }) => !ok),
    [],
  );
  for (const [n, { t }] of samples.entries())
    assert.ok(t >= n * 0.05 && t < n * 0.05 + 0.045, `request ${n} at ${t} s`);
});

test('HTTP requests into a blackhole fail by their timeout, and later ones succeed', () => {
  const { samples } = cut.requests;
  const lost = samples.filter(({ t }) => t > 0.6 && t < 0.95);
  assert.ok(lost.length >= 6);
  for (const { error, ms } of lost) {
    assert.equal(error, 'timeout');
    assert.ok(ms >= 299 && ms < 450);
  }
  assert.ok(samples.filter(({ t }) => t > 1.5).every(({ ok }) => ok));
});

test('the payload of every workload is readable on the wire, in the first 200 bytes of a frame', () => {
  const readable = (port: number) =>
    framesOf(frames).filter((frame) => portsOf(frame).includes(port) && containsMarker(frame)).length;
  for (const port of [5201, 5202, 5203, 5204])
    assert.ok(readable(port) >= 50, `port ${port}: ${readable(port)} frames`);
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

test('a client that is refused is told of, ends the window at once, and is not a silence', async () => {
  const watch = new Watch();
  const workload = await prepareTcp(tcp, { ...place, watch });
  await run(['ip', 'route', 'add', 'prohibit', '10.0.0.1'], { netns: netns(CLIENT) });
  const { samples } = await workload.run({ t0Ns: process.hrtime.bigint(), durationNs: 600e9 });
  await run(['ip', 'route', 'delete', 'prohibit', '10.0.0.1'], { netns: netns(CLIENT) });
  assert.deepEqual(samples, []);
  assert.match(watch.endings[0]?.text ?? '', /^bulk: client \(iperf3, .*\) ended by itself with exit code 1/);
});

test('a server that cannot listen is an error that says why', async () => {
  const elsewhere = { ...place, serverAddress: '10.9.9.9', watch: new Watch() };
  await assert.rejects(prepareTcp(tcp, elsewhere), /bulk: server .* ended by itself with exit code 1/);
  await assert.rejects(prepareUdp(udp, elsewhere), /probe: server .* ended by itself/);
  await assert.rejects(prepareHttp(http, elsewhere), /web: server .* ended by itself.*EADDRNOTAVAIL/s);
  assert.deepEqual(await remaining(), []);
});

test('an abort ends every process of a running workload, and of one that has only been prepared', async () => {
  const abort = new AbortController();
  const [running, prepared] = await Promise.all([
    prepareUdp(udp, place, abort.signal),
    prepareTcp(tcp, { ...place, port: 5301 }, abort.signal),
  ]);
  const outcome = running.run({ t0Ns: process.hrtime.bigint(), durationNs: 60e9 });
  await afterMs(200);
  assert.equal((await remaining()).length, 3);
  abort.abort(new Error('stopped by the user'));
  await assert.rejects(outcome, /stopped by the user/);
  await prepared.stop();
  assert.deepEqual(await remaining(), []);
});
