/** What is measured beside each other: the border router, and in its place the floor, the ceiling and its peers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { unheard } from '../dataplane/standalone/slow-path.ts';
import { ipBatch } from '../emulator/ip-batch.ts';
import { LabError } from '../errors.ts';
import { native } from '../native.ts';
import { type Running, run, start } from '../process/process.ts';
import { HOST_PORTS } from '../scion/ports.ts';
import { scionTools } from '../scion/reference/tools.ts';
import type { SocketAddress } from '../scion/topology-json.ts';
import type { BenchLab, Site } from './bench-lab.ts';
import type { BenchPrograms, Traffic } from './bench-programs.ts';
import type { BenchCase } from './cases.ts';
import {
  farAddress,
  farMac,
  HERE,
  INTERNAL,
  LINKS,
  MASTER_KEY,
  ownEnd,
  remoteEnd,
  routerMac,
  type Side,
  WIRE_MTU,
} from './places.ts';
import { attachRouter, loadRouter, routerCounts } from './router-under-test.ts';
import { readdressed } from './wrap-packet.ts';

export const SUBJECT_NAMES = ['drop', 'redirect', 'ip', 'bridge', 'cilion', 'reference'] as const;
export type SubjectName = (typeof SUBJECT_NAMES)[number];

export const SUBJECT_TITLES: Readonly<Record<SubjectName, string>> = {
  drop: 'XDP drop',
  redirect: 'bare XDP redirect',
  ip: 'kernel IP forwarding',
  bridge: 'Linux bridge',
  cilion: 'CilION border router',
  reference: 'reference router (Go)',
};

/** Stands at a site and does what it does with whatever arrives there. */
export interface Subject {
  readonly name: SubjectName;
  readonly site: Site;
  /** By which side traffic of a case comes in. */
  entry(benchCase: BenchCase): Side;
  /** The frames' first one as this subject has to get it. */
  frame(traffic: Traffic): Uint8Array;
  /** It is overrun by what the generator can do, so it has to be offered less. */
  readonly paced: boolean;
  /** What it says it did with packets, by reason; of one that counts. */
  counts?(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

export interface SubjectOptions {
  readonly lab: BenchLab;
  readonly programs: BenchPrograms;
  /** Core for a subject that is a process of its own. */
  readonly cpu: number;
  readonly progress: (line: string) => void;
}

/** Everything but SCION routers forwards from `in` to `out`, or takes it at `in`. */
const through = { entry: () => 'in' as const, paced: false, stop: async () => {} };
const asItIs = (traffic: Traffic): Uint8Array => traffic.frame;

const STARTERS: Readonly<Record<SubjectName, (site: Site, options: SubjectOptions) => Subject | Promise<Subject>>> = {
  drop(site, { programs }) {
    programs.sink.attachXdp(site.devices.in, site.netns);
    return { name: 'drop', site, frame: asItIs, ...through };
  },
  redirect(site, { programs }) {
    programs.setRedirect(site.devices.out, site.netns);
    programs.redirect.attachXdp(site.devices.in, site.netns);
    return { name: 'redirect', site, frame: asItIs, ...through };
  },
  ip(site) {
    const toOut = { address: farAddress('out'), mac: routerMac('in') };
    return { name: 'ip', site, frame: ({ frame }) => readdressed(frame, toOut), ...through };
  },
  async bridge(site) {
    const commands = ['link add name br0 type bridge mcast_snooping 0', 'link set dev br0 up'];
    await ipBatch([...commands, 'link set dev in master br0', 'link set dev out master br0'], site.namespace);
    // What a bridge does not know, it floods: so it is told.
    await run(['bridge', '-n', site.namespace, 'fdb', 'add', farMac('out'), 'dev', 'out', 'master', 'static']);
    const toFar = { address: farAddress('out'), mac: farMac('out') };
    return { name: 'bridge', site, frame: ({ frame }) => readdressed(frame, toFar), ...through };
  },
  cilion(site, { lab }) {
    const router = loadRouter(site, lab.ifindexLimit);
    attachRouter(router, site);
    return {
      name: 'cilion',
      site,
      frame: asItIs,
      entry: ({ kind }) => kind.from,
      paced: false,
      counts: () => routerCounts(router),
      stop: async () => router.close(),
    };
  },
  reference: startReference,
};

export async function startSubject(name: SubjectName, options: SubjectOptions): Promise<Subject> {
  const { lab, programs } = options;
  const site = lab.site(name);
  for (const far of Object.values(site.far)) programs.sink.attachXdp(far, lab.ends);
  return STARTERS[name](site, options);
}

const ROUTER_ID = 'br1';
/**
 * The kernel takes as much of it as the host allows (net.core.rmem_max). By default it holds fewer than fifty frames. Both
 * sizes have to be set, since v0.15.0 takes each for the other.
 */
const SOCKET_BUFFER_BYTES = 8 << 20;
const POLL_MS = 50;
const PATIENCE_MS = 30_000;

/** One core, no BFD, no slow path in front of it; it listens when this resolves. */
async function startReference(site: Site, { lab, cpu, progress }: SubjectOptions): Promise<Subject> {
  const tools = await scionTools(progress);
  const folder = lab.directory.path('work', 'reference');
  writeFolder(folder);
  const log = `${folder}/log`;
  const argv = ['taskset', '--cpu-list', String(cpu), tools.bin('router'), '--config', `${folder}/router.toml`];
  const running = start(argv, { netns: site.netns, stdoutFile: log, stderrFile: log });
  await listens(site, running, log);
  return {
    name: 'reference',
    site,
    frame: asItIs,
    entry: ({ kind }) => kind.from,
    paced: true,
    stop: () => running.stop(),
  };
}

async function listens(site: Site, running: Running, log: string): Promise<void> {
  const addresses: SocketAddress[] = [INTERNAL, ...LINKS.map(ownEnd)];
  let ended = false;
  running.exited.then(() => {
    ended = true;
  });
  const deadline = performance.now() + PATIENCE_MS;
  while (native().inNetns(site.netns, () => unheard(addresses)).length > 0) {
    if (ended || performance.now() > deadline) throw new LabError(`the reference router does not listen; see ${log}`);
    await delay(POLL_MS);
  }
}

function writeFolder(folder: string): void {
  mkdirSync(`${folder}/keys`, { recursive: true });
  writeFileSync(`${folder}/keys/master0.key`, MASTER_KEY.toString('base64'));
  writeFileSync(`${folder}/keys/master1.key`, MASTER_KEY.toString('base64'));
  writeFileSync(
    `${folder}/router.toml`,
    `[general]\nid = "${ROUTER_ID}"\nconfig_dir = "${folder}"\n\n[router]\nreceive_buffer_size = ${SOCKET_BUFFER_BYTES}\nsend_buffer_size = ${SOCKET_BUFFER_BYTES}\n\n[router.bfd]\ndisable = true\n\n[log.console]\nlevel = "error"\n`,
  );
  writeFileSync(`${folder}/topology.json`, JSON.stringify(topologyJson(), null, 2));
}

function topologyJson(): unknown {
  const interfaces = LINKS.map((link) => [
    link.ifid,
    {
      underlay: {
        local: `${ownEnd(link).address}:${ownEnd(link).port}`,
        remote: `${remoteEnd(link).address}:${remoteEnd(link).port}`,
      },
      isd_as: link.neighbour,
      link_to: link.role,
      mtu: WIRE_MTU,
      ...(link.role === 'peer' ? { remote_interface_id: 1 } : {}),
    },
  ]);
  return {
    isd_as: HERE,
    mtu: WIRE_MTU,
    attributes: [],
    dispatched_ports: HOST_PORTS.join('-'),
    border_routers: {
      [ROUTER_ID]: {
        internal_addr: `${INTERNAL.address}:${INTERNAL.port}`,
        interfaces: Object.fromEntries(interfaces),
      },
    },
  };
}
