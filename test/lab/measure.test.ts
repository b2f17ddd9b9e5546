import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { prepareHttp } from '../../src/measure/http.ts';
import { containsMarker } from '../../src/measure/marker.ts';
import { prepareTcp } from '../../src/measure/tcp.ts';
import { prepareUdp } from '../../src/measure/udp.ts';
import { type Place, secondsFrom } from '../../src/measure/workload.ts';
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
  calm = await unstarved(() => measure(false));
  await dump.stop();
  frames = await readFile(file);
  cut = await unstarved(() => measure(true));
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

/** All workloads side by side over three seconds, of which 0.8 are blackholed when `cut`, from about 0.5 on. */
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
  const now = () => secondsFrom(window.t0Ns, process.hrtime.bigint());
  const hole = { begins: 0, isThere: 0, ends: 0, isGone: 0 };
  if (cut) {
    await afterMs(LEAD_MS + 500);
    hole.begins = now();
    await blackhole();
    hole.isThere = now();
    await afterMs(800);
    hole.ends = now();
    await heal();
    hole.isGone = now();
  }
  const [bulk, flows, rtts, requests] = await outcomes;
  return { bulk, flows, rtts, requests, hole };
}

/** On a machine that others keep busy the programs do not get to run in time, and say so: once more, up to twice. */
async function unstarved(attempt: () => ReturnType<typeof measure>): ReturnType<typeof measure> {
  for (let tries = 1; ; tries += 1) {
    const { bulk, flows, rtts, requests, ...rest } = await attempt();
    const starved = [bulk, flows, rtts, requests].some((outcome) => outcome.starved.length > 0);
    if (!starved || tries === 3) return { bulk, flows, rtts, requests, ...rest };
  }
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
  for (const { bulk, flows, rtts, requests } of [calm, cut])
    for (const { faults } of [bulk, flows, rtts, requests]) assert.deepEqual(faults, []);
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
  const { hole, bulk } = cut;
  // What the receiver has not read yet is still delivered.
  const dead = bulk.samples.filter(({ t, interval }) => t - interval > hole.isThere + 0.06 && t < hole.ends);
  assert.ok(dead.length >= 5 && dead.every(({ bytes }) => bytes === 0));
  assert.ok(bulk.samples.filter(({ t }) => t < hole.begins).every(({ bytes }) => bytes > 0));
  assert.ok(
    bulk.samples.some(({ t, bytes }) => t > hole.isGone && bytes > 0),
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
  const { hole, rtts } = cut;
  const dead = rtts.samples.filter(({ t }) => t > hole.isThere + 0.02 && t < hole.ends - 0.02);
  assert.ok(dead.length >= 50 && dead.every(({ rtt }) => rtt === null));
  assert.ok(rtts.samples.filter(({ t }) => t < hole.begins - 0.02).every(({ rtt }) => rtt !== null));
  const late = rtts.samples.filter(({ t }) => t > hole.isGone + 0.2);
  assert.ok(late.length >= 50 && late.every(({ rtt }) => rtt !== null));
});

test('HTTP requests begin at the interval and bring the whole body', () => {
  const { samples } = calm.requests;
  // A busy machine leaves some out, which a run would tell (starvation.ts).
  assert.ok(samples.length >= 54 && samples.length <= 60, `${samples.length} requests`);
  assert.deepEqual(
    samples.filter(({ ok }) => !ok),
    [],
  );
  for (const [n, { t }] of samples.entries()) assert.ok(t >= n * 0.05, `request ${n} at ${t} s`);
});

test('HTTP requests into a blackhole fail by their timeout, and later ones succeed', () => {
  const { hole, requests } = cut;
  // One that is under way when the hole ends comes through.
  const lost = requests.samples.filter(({ t }) => t > hole.isThere + 0.02 && t < hole.ends - 0.32);
  assert.ok(lost.length >= 6);
  for (const { error, ms } of lost) {
    assert.equal(error, 'timeout');
    assert.ok(ms >= 299);
  }
  assert.ok(requests.samples.filter(({ t }) => t > hole.isGone + 0.2).every(({ ok }) => ok));
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
