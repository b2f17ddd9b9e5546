/** The commands that look into a running lab: its wires with and without a middle, its cluster's network, its pods. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Rates } from '../../src/cli/top-rates.ts';
import { LabReader } from '../../src/cli/top-readings.ts';
import { NodeDataplane } from '../../src/dataplane/node.ts';
import { LabDirectory } from '../../src/emulator/lab-directory.ts';
import { namespaceFiles, processesIn } from '../../src/emulator/namespace-processes.ts';
import { type PcapPacket, readPcap } from '../../src/emulator/wire/pcap.ts';
import { native } from '../../src/native.ts';
import { cilion, type Started, startCilion } from './cilion.ts';

const ID = 'ctlook';
const ENTRY = fileURLToPath(new URL('../../cilion', import.meta.url));
/** The link of cluster b, one veth pair; that of node a1 is delayed, so it has a middle; that of a2. */
const PLAIN = 'right#1';
const SHAPED = 'left#1';

const TOPOLOGY = `name: look
ases:
  1-ff00:0:110: {core: true, label: core}
  1-ff00:0:111: {label: left}
  1-ff00:0:112: {label: right}
links:
  - {a: 1-ff00:0:110#1, b: 1-ff00:0:111#1, type: child, delay: 2ms}
  - {a: 1-ff00:0:110#2, b: 1-ff00:0:112#1, type: child}
  - {a: 1-ff00:0:110#3, b: 1-ff00:0:111#2, type: child}
`;

const SCENARIO = `name: look
title: A lab to look into
question: What is inside?
topology: look-net.yaml
duration: 1s
clusters:
  - {name: a, as: left, nodes: 2, manifests: [shop-clients.yaml]}
  - {name: b, as: right, manifests: [shop.yaml]}
transports: [cilion]
workloads:
  - {name: ping, kind: udp, from: a/client-1, to: b/web-1, interval: 20ms}
assertions:
  - {name: Nothing is lost, transport: cilion, metric: udp.lost, workload: ping, equals: 0}
`;

const scratch = mkdtempSync(join(tmpdir(), 'cilion-look-'));
let lab: LabDirectory;
let web = '';

before(async () => {
  writeFileSync(join(scratch, 'look-net.yaml'), TOPOLOGY);
  writeFileSync(join(scratch, 'look.yaml'), SCENARIO);
  for (const file of ['shop-clients.yaml', 'shop.yaml'])
    copyFileSync(`scenarios/manifests/${file}`, join(scratch, file));
  const up = await cilion(['up', join(scratch, 'look.yaml'), '--id', ID]);
  assert.equal(up.code, 0, up.stderr);
  lab = LabDirectory.open(ID);
  web = lab.plan().clusters[1]!.pods[0]!.address;
});

after(async () => {
  await cilion(['destroy', ID]);
  rmSync(scratch, { recursive: true });
});

/** From the first pod of cluster a to the first of b. */
async function ping(count: number): Promise<void> {
  const argv = ['ping', '-n', '-q', '-i', '0.02', '-c', String(count), web];
  const { code, stdout } = await cilion(['shell', ID, 'a/client-1', '--', ...argv]);
  assert.equal(code, 0, stdout);
}

/** Everything that a wire carried while `body` ran. */
async function captured(wire: string, body: () => Promise<void>, ...options: string[]): Promise<PcapPacket[]> {
  const file = join(scratch, 'wire.pcap');
  const running = startCilion(['capture', ID, wire, '--out', file, ...options]);
  await running.printed(/^capturing/m);
  await body();
  const { stderr } = await interrupted(running);
  const frames = await Array.fromAsync(readPcap(file));
  assert.match(stderr, new RegExp(`^${frames.length} frames, none missed$`, 'm'));
  return frames;
}

async function interrupted(running: Started) {
  process.kill(running.pid, 'SIGINT');
  const ended = await running.ended;
  assert.equal(ended.code, 0, ended.stderr);
  return ended;
}

/** Of a pod's packet in SCION (next header 253 behind Ethernet, IPv4 and UDP), the destination's underlay address. */
function podPackets(frames: readonly PcapPacket[]): string[] {
  return frames
    .map(({ bytes }) => Buffer.from(bytes))
    .filter((frame) => frame.length > 60 && frame.readUInt16BE(12) === 0x0800 && frame[23] === 17 && frame[46] === 253)
    .map((frame) => frame.subarray(30, 34).join('.'));
}

function underlay(end: string): string {
  const { a, b } = lab.plan().links.find((link) => link.id.includes(end))!;
  return [a, b].find(({ ia, ifid }) => `${ia}#${ifid}` === end)!.address;
}

function probers() {
  const names = lab.plan().namespaces.map(({ id }) => lab.namespaceName(id));
  return processesIn(names).filter(({ command }) => command.includes('prober-process'));
}

/** Empty when the process is gone, also where its parent has not asked for its exit code yet. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function countOf<T>(all: readonly T[], one: T): number {
  return all.filter((each) => each === one).length;
}

test('shell runs a command in the namespace that the name means', async () => {
  const places = [
    ['a/client-1', /^eth0@/m],
    ['a/a1', /^pod1@/m],
    ['b', /^if1@/m],
    ['core', /^if3@/m],
    ['1-ff00:0:110', /^if3@/m],
    ['a/lan', /^br0/m],
    ['wires', /^w1a@/m],
    ['as-1-ff00_0_110', /^if3@/m],
  ] as const;
  for (const [name, device] of places) {
    const { code, stdout } = await cilion(['shell', ID, name, '--', 'ip', '-br', 'link']);
    assert.equal(code, 0);
    assert.match(stdout, device, name);
  }
});

test('the exit code of a shell’s command is the shell’s', async () => {
  assert.equal((await cilion(['shell', ID, 'core', '--', 'sh', '-c', 'exit 42'])).code, 42);
  assert.equal((await cilion(['shell', ID, 'core', '--', 'sh', '-c', 'kill -TERM $$'])).code, 143);
  assert.equal((await cilion(['shell', ID, 'core', '--', 'no-such-program'])).code, 127);
});

test('from inside a shell the lab’s BPF file system is there', async () => {
  const { stdout } = await cilion(['shell', ID, 'core', '--', 'ls', lab.path('bpf', 'routers')]);
  assert.match(stdout, /^counters$/m);
});

test('a shell’s prompt says where one is', async () => {
  const child = spawn('script', ['-qec', `${ENTRY} shell ${ID} a/client-1`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  while (!printed.includes(`${ID} a/client-1`)) await once(child.stdout, 'data');
  child.stdin.write('exit 7\n');
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 7);
});

test('a name that the lab does not have is answered with the nearest one, and a cluster of two nodes with both', async () => {
  const typo = await cilion(['shell', ID, 'a/clent-1']);
  assert.deepEqual(
    [typo.code, typo.stderr],
    [2, 'cilion: the lab has no namespace "a/clent-1"\n  did you mean "a/client-1"?\n'],
  );
  const many = await cilion(['shell', ID, 'a']);
  assert.deepEqual([many.code, many.stderr], [2, 'cilion: a is a cluster of 2 nodes\n  one of a/a1, a/a2\n']);
  const wire = await cilion(['capture', ID, 'rigth#1', '--out', join(scratch, 'none.pcap')]);
  assert.deepEqual([wire.code, wire.stderr], [2, 'cilion: there is no AS "rigth"\n  did you mean "right"?\n']);
});

test('a capture of a wire without a middle holds every SCION packet both ways, also what XDP redirects', async () => {
  const begun = BigInt(Date.now()) * 1_000_000n;
  const frames = await captured(PLAIN, () => ping(20));
  const to = podPackets(frames);
  assert.equal(countOf(to, underlay('1-ff00:0:112#1')), 20, 'redirected to b by the core’s border router');
  assert.equal(countOf(to, underlay('1-ff00:0:110#2')), 20, 'sent by b’s node');
  const times = frames.map(({ timeNs }) => timeNs);
  assert.ok(times[0]! >= begun && times.at(-1)! <= BigInt(Date.now() + 1) * 1_000_000n);
  assert.ok(
    times.every((time, index) => index === 0 || time >= times[index - 1]!),
    'in order of time',
  );
});

test('a capture of a wire with a middle holds every SCION packet both ways, one way alone where asked', async () => {
  const both = podPackets(await captured(SHAPED, () => ping(20)));
  const [left, core] = [underlay('1-ff00:0:111#1'), underlay('1-ff00:0:110#1')];
  assert.deepEqual([countOf(both, left), countOf(both, core)], [20, 20]);
  const one = podPackets(await captured(SHAPED, () => ping(20), '--direction', 'ab'));
  assert.deepEqual([countOf(one, left), countOf(one, core)], [20, 0]);
});

test('a capture of a pod’s wire holds its packets as the pod sees them, a node’s what crosses its cluster’s network', async () => {
  const pod = await captured('a/client-1', () => ping(20));
  assert.equal(pod.filter(({ bytes }) => bytes[23] === 1).length, 40, 'ICMP both ways');
  // Probes of the paths over the other node's link: SCION's next header 254.
  const lan = await captured('a/a1', () => ping(20));
  assert.ok(lan.filter(({ bytes }) => bytes[46] === 254).length > 10);
});

test('a capture streams pcap to whoever reads its standard output, and ends after so many frames', async () => {
  const argv = ['capture', ID, PLAIN, '--count', '25'];
  const child = spawn(ENTRY, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
  const reader = spawn('tcpdump', ['-nr', '-', '--count'], { stdio: [child.stdout, 'pipe', 'ignore'] });
  let counted = '';
  reader.stdout.on('data', (chunk: Buffer) => (counted += chunk.toString()));
  await once(reader, 'close');
  assert.match(counted, /^25 packets/m);
});

test('a capture ends by itself after its duration, and when its reader goes', async () => {
  const timed = await cilion(['capture', ID, PLAIN, '--duration', '200ms', '--out', join(scratch, 'timed.pcap')]);
  assert.equal(timed.code, 0, timed.stderr);
  const child = spawn(ENTRY, ['capture', ID, PLAIN], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0);
});

test('a capture that cannot be written is an error, not a shorter file', async () => {
  const full = startCilion(['capture', ID, PLAIN, '--out', '/dev/full']);
  const { code, stderr } = await full.ended;
  assert.equal(code, 3);
  assert.match(stderr, /^cilion: the capture ends early: ENOSPC/m);
});

test('a device has the same program before and after a capture, and a second capture there is refused by name', async () => {
  const end = lab.plan().links[1]!.b;
  const program = () => native().xdpProgramId(end.ifindex, lab.netns(end.namespace));
  const before = program();
  const first = startCilion(['capture', ID, PLAIN, '--out', join(scratch, 'first.pcap')]);
  await first.printed(/^capturing/m);
  assert.notEqual(program(), before);
  const second = await cilion(['capture', ID, PLAIN, '--out', join(scratch, 'second.pcap')]);
  assert.equal(second.code, 2);
  assert.match(second.stderr, new RegExp(`being captured by .cilion capture ${ID}.* \\(pid ${first.pid}\\)`));
  await interrupted(first);
  assert.equal(program(), before);
});

test('a capture that is killed stops no traffic, and the next one puts things right', async () => {
  const end = lab.plan().links[1]!.b;
  const program = () => native().xdpProgramId(end.ifindex, lab.netns(end.namespace));
  const before = program();
  const killed = startCilion(['capture', ID, PLAIN, '--out', join(scratch, 'killed.pcap')]);
  await killed.printed(/^capturing/m);
  process.kill(killed.pid, 'SIGKILL');
  await killed.ended;
  assert.notEqual(program(), before);
  await ping(5);
  const frames = await captured(PLAIN, () => ping(5));
  assert.equal(podPackets(frames).length, 10);
  assert.equal(program(), before);
});

test('top tells for each path its state, round trip and packets, and for each wire and AS its rates', async () => {
  const traffic = startCilion(['shell', ID, 'a/client-1', '--', 'ping', '-n', '-q', '-i', '0.02', web]);
  const rates = await busy();
  const path = rates.paths.find(({ from, to, packets }) => from === 'a/a1' && to === 'b/b1' && packets > 0);
  assert.equal(path?.state, 'answers');
  assert.equal(path?.via, 'left#1 core#2 right');
  assert.ok(path.rttMs! >= 4, `${path.rttMs} ms over a link that delays by 2 ms each way`);
  assert.ok(rates.places.find(({ place }) => place === 'a/a1')!.delivered > 0);
  assert.ok(rates.places.find(({ place }) => place === 'core')!.forwarded > 0);
  for (const [end, least] of [
    ['right#1', 2],
    ['left#1', 2],
    ['a/client-1', 1],
  ] as const) {
    const wire = rates.wires.find(({ ends }) => ends.includes(end))!;
    assert.ok(wire.ab.packets >= least && wire.ba.packets >= least, `${end}: ${JSON.stringify(wire)}`);
  }
  const { stdout } = await cilion(['top', ID, '--once']);
  for (const title of ['Wires', 'SCION routers and nodes', 'Paths from node to node'])
    assert.match(stdout, new RegExp(`^${title}`, 'm'));
  await traffic.ended.then(
    () => {},
    () => {},
  );

  /** Rates of a second in which the pings are under way. */
  async function busy(): Promise<Rates> {
    for (;;) {
      const { code, stdout: text, stderr } = await cilion(['top', ID, '--json']);
      assert.equal(code, 0, stderr);
      const found = JSON.parse(text) as Rates;
      if (found.paths.some(({ packets }) => packets > 0)) {
        process.kill(traffic.pid, 'SIGTERM');
        return found;
      }
    }
  }
});

test('on a terminal top fits its size, and q leaves the screen as it was', async () => {
  const child = spawn('script', ['-qec', `stty rows 18 cols 50; exec ${ENTRY} top ${ID}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  while (!printed.includes('Paths from')) await once(child.stdout, 'data');
  child.stdin.write('q');
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0);
  const [, screen = ''] = printed.split('\u001b[H');
  const lines = screen
    .split('\u001b[?25h')[0]!
    .replace(/\u001b\[[\d;?]*[a-zA-Z]/g, '')
    .split('\r\n');
  assert.ok(lines.length <= 18, `${lines.length} lines`);
  assert.ok(lines.every((line) => line.replaceAll('\r', '').length <= 50));
  assert.ok(printed.endsWith('\u001b[?25h\u001b[?1049l'));
});

test('without a prober top says that nobody probes, and a device counts each frame that XDP redirects', async () => {
  const [prober, ...others] = probers();
  assert.ok(prober !== undefined && others.length === 0);
  process.kill(prober.pid, 'SIGTERM');
  const reader = await LabReader.open(lab);
  try {
    const node = NodeDataplane.reopen(lab.path('bpf', 'node-b-b1'));
    const read = async () => {
      const { wires, paths } = await reader.read();
      const wire = wires.find(({ ends }) => ends[1] === 'right#1')!;
      return { wire, states: new Set(paths.map(({ state }) => state)), scion: node.linkCounters(0, 1) };
    };
    while ((await read()).states.has('answers')) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([...(await read()).states], ['unprobed']);
    const then = await read();
    await ping(200);
    const now = await read();
    const arrived = now.wire.ab.packets - then.wire.ab.packets;
    const left = now.wire.ba.packets - then.wire.ba.packets;
    assert.equal(now.scion.received.packets - then.scion.received.packets, 200);
    assert.equal(now.scion.sent.packets - then.scion.sent.packets, 200);
    // BGP's few packets take the same wire.
    assert.ok(arrived >= 200 && arrived < 220, `${arrived} arrived at b`);
    assert.ok(left >= 200 && left < 220, `${left} left b`);
  } finally {
    reader.close();
  }
});

test('destroy takes everything away, the prober and what captures have left included', async () => {
  const names = lab.plan().namespaces.map(({ id }) => lab.namespaceName(id));
  // The prober ended in the test before; a capture that is killed leaves its program and its pins.
  const killed = startCilion(['capture', ID, PLAIN, '--out', join(scratch, 'killed.pcap')]);
  await killed.printed(/^capturing/m);
  process.kill(killed.pid, 'SIGKILL');
  await killed.ended;
  const { code } = await cilion(['destroy', ID]);
  assert.equal(code, 0);
  assert.deepEqual(
    namespaceFiles().filter((name) => names.includes(name)),
    [],
  );
  assert.equal(existsSync(lab.root), false);
  assert.ok(!readFileSync('/proc/mounts', 'utf8').includes(`${lab.root}/`));
});

test('destroy ends the prober, and a capture that is under way ends in order', async () => {
  const up = await cilion(['up', join(scratch, 'look.yaml'), '--id', ID]);
  assert.equal(up.code, 0, up.stderr);
  const [prober] = probers();
  assert.ok(prober !== undefined);
  const running = startCilion(['capture', ID, PLAIN, '--out', join(scratch, 'last.pcap')]);
  await running.printed(/^capturing/m);
  assert.equal((await cilion(['destroy', ID])).code, 0);
  assert.equal(commandOf(prober.pid), '');
  const { code, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^\d+ frames, none missed$/m);
});
