/** What each BPF program is measured with when it runs alone. */
import { bpfObject } from '../dataplane/build.ts';
import { layoutFromBtf, structCodec, u32 } from '../dataplane/layout.ts';
import { NodeDataplane } from '../dataplane/node.ts';
import { pathHeader } from '../dataplane/path-header.ts';
import { type NativeProgram, native } from '../native.ts';
import { PROTOCOL_EXPERIMENT } from '../scion/header.ts';
import { deriveForwardingKey } from '../scion/mac.ts';
import { HOST_PORTS } from '../scion/ports.ts';
import type { Site } from './bench-lab.ts';
import { benchPath } from './bench-path.ts';
import type { BenchPrograms } from './bench-programs.ts';
import { CASE_KINDS, caseKind } from './case-kinds.ts';
import { type CaseFrames, caseFrames, type PathMix, packetOf } from './cases.ts';
import {
  ELSEWHERE,
  farMac,
  HERE,
  INTERNAL,
  LINK_LIMIT,
  LINKS,
  MASTER_KEY,
  ownEnd,
  remoteEnd,
  routerMac,
  SIDES,
  WIRE_MTU,
} from './places.ts';
import { innerPacket, podFrame } from './pod-packet.ts';
import { attachRouter, IFID_OF, loadRouter } from './router-under-test.ts';
import { wrapPacket } from './wrap-packet.ts';

export interface ProgCase {
  readonly program: NativeProgram;
  readonly name: string;
  readonly hook: 'xdp' | 'tc';
  readonly frames: CaseFrames;
  /** Device that the packet seems to come in by; undefined: the loopback device. */
  readonly ingress: number | undefined;
  /** Bytes by which the program moves the packet's start. */
  readonly moves: number;
  /** What it must return: anything else means that it took another way. */
  readonly verdict: number;
}

export interface Loaded {
  readonly cases: readonly ProgCase[];
  close(): void;
}

export const XDP_VERDICTS = ['aborted', 'drop', 'pass', 'tx', 'redirect'] as const;
const XDP_PASS = 2;
const XDP_REDIRECT = 4;
export const TC_REDIRECT = 7;

/** Long enough for all that is made new before a run. */
const PAYLOAD = 128;
const POD = '10.50.10.2';
const POD_CIDR = '10.50.10.0/24';
const REMOTE_POD = '10.60.10.2';
const REMOTE_CIDR = '10.60.10.0/24';
const HOST_ADDRESS = '10.60.0.1';
const HOUR_S = 3600;

export function loadCases(site: Site, ifindexLimit: number, programs: BenchPrograms, timestamp: number): Loaded {
  const parts = [
    baselines(programs, site, timestamp),
    routers(site, ifindexLimit, timestamp),
    nodes(site, ifindexLimit, timestamp),
    wires(site, timestamp),
  ];
  return {
    cases: parts.flatMap(({ cases }) => cases),
    close: () => {
      for (const part of parts) part.close();
    },
  };
}

const UNMOVED = { hook: 'xdp', moves: 0, ingress: undefined } as const;

function baselines(programs: BenchPrograms, site: Site, timestamp: number): Loaded {
  const frames = caseFrames({ kind: CASE_KINDS[0]!, mix: 'few', payload: PAYLOAD }, timestamp);
  programs.setRedirect(site.devices.out, site.netns);
  return {
    cases: [
      { ...UNMOVED, program: programs.redirect, name: 'MAC rewrite and redirect', frames, verdict: XDP_REDIRECT },
    ],
    close: () => {},
  };
}

function routers(site: Site, ifindexLimit: number, timestamp: number): Loaded {
  const router = loadRouter(site, ifindexLimit);
  attachRouter(router, site);
  const mixes: readonly PathMix[] = ['few', 'cold'];
  const cases = CASE_KINDS.flatMap((kind) =>
    mixes.map(
      (mix): ProgCase => ({
        ...UNMOVED,
        program: router.program,
        name: `${kind.name}/${mix}`,
        frames: caseFrames({ kind, mix, payload: PAYLOAD }, timestamp),
        ingress: site.devices[kind.from],
        verdict: XDP_REDIRECT,
      }),
    ),
  );
  return { cases, close: () => router.close() };
}

/** A node that is the same AS's router, with pods. */
function nodes(site: Site, ifindexLimit: number, timestamp: number): Loaded {
  const node = NodeDataplane.load({ ifindexLimit, linkLimit: LINK_LIMIT });
  const key = deriveForwardingKey(MASTER_KEY);
  node.setAs({ ia: HERE, forwardingKey: key, linkLimit: LINK_LIMIT });
  node.configureNode({
    address: INTERNAL.address,
    routerPort: INTERNAL.port,
    hostPort: HOST_PORTS[0],
    podCidr: POD_CIDR,
    segmenterIn: site.devices.host,
    segmenterOut: site.devices.host,
  });
  for (const link of LINKS) {
    node.setLink({
      ifid: link.ifid,
      role: link.role,
      ifindex: site.devices[link.side],
      own: ownEnd(link),
      remote: remoteEnd(link),
      mtu: WIRE_MTU,
    });
  }
  for (const side of SIDES) node.configureDevice(site.devices[side], 0, IFID_OF[side], site.netns);
  const [child, parent] = LINKS as [(typeof LINKS)[number], (typeof LINKS)[number]];
  const raw = benchPath(caseKind('egress-1').shape, key, 1, timestamp);
  const header = pathHeader({
    srcIa: HERE,
    dstIa: ELSEWHERE,
    srcHost: INTERNAL.address,
    dstHost: HOST_ADDRESS,
    raw,
    own: ownEnd(parent),
    remote: remoteEnd(parent),
    ownLink: true,
  });
  node.setRemote(REMOTE_CIDR, { id: 1, ia: ELSEWHERE, innerMtu: 1400 });
  node.setPath(0, {
    header,
    ifindex: site.devices.out,
    ifid: parent.ifid,
    innerMtu: 1400,
    expiry: timestamp + 24 * HOUR_S,
  });
  node.setPathSet(0, 1, { paths: [{ id: 0 }] });

  const transit = CASE_KINDS[0]!;
  const arrival = caseKind('ingress-1');
  const inner = innerPacket(REMOTE_POD, POD, PAYLOAD);
  const arriving = (path: Uint8Array) =>
    wrapPacket(
      remoteEnd(child),
      ownEnd(child),
      packetOf(arrival, path, { bytes: inner, nextHeader: PROTOCOL_EXPERIMENT, host: INTERNAL.address }),
    );
  const { nodeWan, podEgress } = node.programs;
  const outgoing = podFrame(innerPacket(POD, REMOTE_POD, PAYLOAD), { to: routerMac('host'), from: farMac('host') });
  const arrived = caseFrames({ kind: arrival, mix: 'few', payload: PAYLOAD }, timestamp, arriving);
  const cases: ProgCase[] = [
    {
      ...UNMOVED,
      program: nodeWan,
      name: 'transit-1/few',
      frames: caseFrames({ kind: transit, mix: 'few', payload: PAYLOAD }, timestamp),
      ingress: site.devices.in,
      verdict: XDP_REDIRECT,
    },
    {
      ...UNMOVED,
      program: nodeWan,
      name: 'transit-1/cold',
      frames: caseFrames({ kind: transit, mix: 'cold', payload: PAYLOAD }, timestamp),
      ingress: site.devices.in,
      verdict: XDP_REDIRECT,
    },
    {
      ...UNMOVED,
      program: nodeWan,
      name: 'to a pod',
      frames: arrived,
      ingress: site.devices.in,
      moves: arrived.first.length - inner.length - ETHERNET_LENGTH,
      verdict: XDP_PASS,
    },
    {
      hook: 'tc',
      program: podEgress,
      name: 'from a pod',
      frames: { first: outgoing, count: 1, segIdAt: [], macAt: [], variants: [[]] },
      ingress: undefined,
      moves: ETHERNET_LENGTH - header.length,
      verdict: TC_REDIRECT,
    },
  ];
  // The device of a packet's context has to have an XDP program; which one does not matter.
  return { cases, close: () => node.close() };
}

const ETHERNET_LENGTH = 14;

/** The middle of a wire that holds nothing up. */
function wires(site: Site, timestamp: number): Loaded {
  const path = bpfObject('wire');
  const object = native().openObject(path);
  const limit = site.devices.in + 1;
  object.setMaxEntries('wire_port', limit);
  object.load();
  const { structs } = native().readBtf(path);
  const config = structCodec(layoutFromBtf(structs, 'wire_config'));
  object.map('wire_port').update(u32(site.devices.in), u32(1));
  object.map('wire_config').update(
    u32(0),
    config.encode({
      delay_ns: 0n,
      jitter_ns: 0n,
      byte_time: 0n,
      queue_ns: 0n,
      loss_ppm: 0,
      cut: 0,
      capture_bytes: 0,
      out_ifindex: site.devices.out,
      first_slot: 0,
      slots: 0,
      max_length: 1514,
    }),
  );
  const frames = caseFrames({ kind: CASE_KINDS[0]!, mix: 'few', payload: PAYLOAD }, timestamp);
  return {
    cases: [
      {
        ...UNMOVED,
        program: object.program('wire'),
        name: 'crossed at once',
        frames,
        ingress: site.devices.in,
        verdict: XDP_REDIRECT,
      },
    ],
    close: () => object.close(),
  };
}
