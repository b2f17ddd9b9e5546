/** Packets that meet a router: from everybody around it, to everywhere, on paths of every shape, those that no path server would give out included. */
import { createHash } from 'node:crypto';
import { encodePacket, PATH_SCION } from '../../../src/scion/header.ts';
import { HOST_IPV4, HOST_IPV6, HOST_SERVICE, type Host, ipHost } from '../../../src/scion/host.ts';
import { isdAsToBigint, parseIsdAs } from '../../../src/scion/isd-as.ts';
import type { SocketAddress } from '../../../src/scion/topology-json.ts';
import { type CraftedSegment, craftPath } from '../../golden/crafted-path.ts';
import {
  CONTROL_SERVICE,
  deviceOf,
  HOSTS,
  INTERNAL,
  localEnd,
  ownLinks,
  type RouterName,
  remoteEnd,
  type TestAs,
} from './autonomous-systems.ts';
import { arrivingShapes, pairs, type Shape, startingShapes, transitShapes } from './path-shapes.ts';
import type { Random } from './random.ts';

/** Who sends a packet to the router. */
export interface Origin {
  readonly name: string;
  /** The router's device that it comes in by. */
  readonly device: string;
  readonly from: SocketAddress;
  readonly to: SocketAddress;
  /** Interfaces by which a packet may have entered the AS to come this way; none for a host. */
  readonly entries: readonly number[];
  readonly external: boolean;
}

export interface BasePacket {
  readonly origin: Origin;
  /** Which way it goes on which kind of path: `13 → 11 straight, in construction direction`. */
  readonly shape: string;
  readonly bytes: Uint8Array;
}

export function originsOf(as: TestAs): Origin[] {
  const external = ownLinks(as).map((link) => ({
    name: `${link.kind} ${link.ifid}`,
    device: deviceOf(link),
    from: remoteEnd(link),
    to: localEnd(link),
    entries: [link.ifid],
    external: true,
  }));
  const inside = { device: 'internal', to: INTERNAL.brA, external: false };
  const sibling = (name: RouterName) => ({
    ...inside,
    name: `sibling ${name}`,
    from: INTERNAL[name],
    entries: as.links.filter(({ router }) => router === name).map(({ ifid }) => ifid),
  });
  const host = { ...inside, name: 'host', from: { address: HOSTS[0], port: 31_001 }, entries: [] };
  return [...external, sibling('brB'), sibling('brC'), host];
}

/**
 * All shapes for every pair of ways in and out, each with one of many kinds of payload and host.
 * @param now Unix seconds; some packets have expired by then, none is about to
 */
export function basePackets(as: TestAs, key: Uint8Array, now: number, random: Random): BasePacket[] {
  const build = (origin: Origin, way: string, shape: Shape): BasePacket => {
    const expired = random.below(12) === 0;
    const raw = craftPath(
      {
        segments: shape.segments,
        currHf: shape.currHf,
        timestamp: expired ? now - 1000 : now - 60,
        // 5 minutes and 37.5 seconds, or six hours.
        expTime: expired ? 0 : 63,
        fromInside: !origin.external,
      },
      key,
    );
    const bytes = packetOn(as, raw, origin, shape.local, random);
    return { origin, shape: `${way} ${shape.name}${expired ? ', expired' : ''}`, bytes };
  };
  return originsOf(as).flatMap((origin) => {
    if (origin.entries.length === 0) {
      return as.links.flatMap(({ ifid }) => startingShapes(ifid).map((shape) => build(origin, `→ ${ifid}`, shape)));
    }
    return origin.entries.flatMap((entry) => [
      ...as.links
        .filter(({ ifid }) => ifid !== entry)
        .flatMap(({ ifid }) =>
          transitShapes(entry, ifid, origin.external).map((shape) => build(origin, `${entry} → ${ifid}`, shape)),
        ),
      ...arrivingShapes(entry).map((shape) => build(origin, `${entry} → here`, shape)),
    ]);
  });
}

const FAR = parseIsdAs('3-ff00:0:333');
const FARTHER = parseIsdAs('4-ff00:0:444');

function packetOn(as: TestAs, path: Uint8Array, origin: Origin, local: boolean, random: Random): Uint8Array {
  const [nextHeader, payload] = payloadOf(random);
  const fromHere = origin.entries.length === 0;
  return encodePacket(
    {
      trafficClass: random.below(256),
      flowId: 0,
      nextHeader,
      pathType: PATH_SCION,
      dst: { ia: isdAsToBigint(local ? as.ia : FAR), host: local ? localHost(random) : anyHost(random) },
      src: { ia: isdAsToBigint(fromHere ? as.ia : FARTHER), host: anyHost(random) },
      path,
    },
    payload,
  );
}

function anyHost(random: Random): Host {
  return random.pick([ipHost('10.1.2.3'), ipHost('10.1.2.3'), ipHost('fd00::1'), service(2)]);
}

function localHost(random: Random): Host {
  const known = [ipHost(HOSTS[0]), ipHost(HOSTS[1]), ipHost(CONTROL_SERVICE.address)];
  const odd = [
    ipHost('fd00::51'),
    service(2),
    service(77),
    ipHost('0.0.0.0'),
    ipHost('224.0.0.1'),
    ipHost('10.9.0.1'),
    { type: HOST_IPV4, bytes: Uint8Array.of(10, 200, 0, 1) },
    { type: HOST_IPV6, bytes: Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 9, 0, 51]) },
  ];
  return random.below(3) > 0 ? random.pick(known) : random.pick(odd);
}

function service(number: number): Host {
  return { type: HOST_SERVICE, bytes: Uint8Array.of(number >> 8, number & 255, 0, 0) };
}

/** Next header and payload; the last eight bytes are the sender's to mark. */
function payloadOf(random: Random): [number, Uint8Array] {
  const rest = new Uint8Array(8 + random.below(60));
  rest.set(
    createHash('sha256')
      .update(String(random.below(1e6)))
      .digest()
      .subarray(0, rest.length - 8),
  );
  const port = random.pick([31_000, 32_767, 31_009, 30_999, 40_000, 1, 0]);
  const udp = [0x79, 0x19, port >> 8, port & 255, (rest.length + 8) >> 8, (rest.length + 8) & 255, 0, 0];
  const whole = (...parts: (readonly number[] | Uint8Array)[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
  const scmp = (type: number, ...body: number[]) => whole([type, 0, 0, 0, ...body], rest);
  return random.pick<[number, Uint8Array]>([
    [17, whole(udp, rest)],
    [17, whole(udp, rest)],
    [253, rest],
    [202, scmp(128, 0x79, 0x20, 0, 1)],
    [202, scmp(129, 0x79, 0x20, 0, 1)],
    [202, scmp(4, 0, 0, 0, 0)],
    [202, scmp(1, 0, 0, 0, 0)],
    [6, whole([0x79, 0x19, port >> 8, port & 255], new Uint8Array(16), rest)],
    [200, whole([17, 1, 1, 4, 0, 0, 0, 0], udp, rest)],
    [201, whole([17, 0, 1, 0], udp, rest)],
    [200, whole([201, 0, 1, 0], [253, 0, 1, 0], rest)],
    [201, whole([200, 0, 1, 0], rest)],
  ]);
}

/** One packet for each way out of the router that surely goes out by it. */
export function certainPackets(as: TestAs, key: Uint8Array, now: number): BasePacket[] {
  const origins = originsOf(as);
  const host = origins.at(-1)!;
  const child = origins.find(({ name }) => name === 'child 13')!;
  const make = (origin: Origin, segments: readonly CraftedSegment[], currHf: number, local = false) =>
    plainPacket(as, key, now, { origin, segments, currHf, local });
  const viaSibling = (name: RouterName) => {
    const link = as.links.find(({ router, kind }) => router === name && kind !== 'peer')!;
    const straight = [{ consDir: false, hops: pairs([0, 9], [13, link.ifid], [8, 0]) }];
    const crossing = [
      { consDir: false, hops: pairs([0, 9], [13, 0]) },
      { consDir: true, hops: pairs([0, link.ifid], [8, 0]) },
    ];
    return make(child, link.kind === 'parent' ? straight : crossing, 1);
  };
  return [
    ...ownLinks(as).map(({ ifid }) => make(host, [{ consDir: true, hops: pairs([0, ifid], [8, 0]) }], 0)),
    viaSibling('brB'),
    viaSibling('brC'),
    make(child, [{ consDir: true, hops: pairs([0, 9], [13, 0]) }], 1, true),
  ];
}

/** A packet with a wrong MAC, which the router surely answers with an SCMP message. */
export function refusedPacket(as: TestAs, key: Uint8Array, origin: Origin, now: number): BasePacket {
  const wrongKey = key.map((byte) => byte ^ 0xff);
  const [entry] = origin.entries;
  const hops = entry === undefined ? pairs([0, 13], [8, 0]) : pairs([0, 9], [entry, 13], [8, 0]);
  return plainPacket(as, wrongKey, now, {
    origin,
    segments: [{ consDir: true, hops }],
    currHf: entry === undefined ? 0 : 1,
  });
}

interface Plain {
  readonly origin: Origin;
  readonly segments: readonly CraftedSegment[];
  readonly currHf: number;
  readonly local?: boolean;
}

function plainPacket(
  as: TestAs,
  key: Uint8Array,
  now: number,
  { origin, segments, currHf, local = false }: Plain,
): BasePacket {
  const fromHere = origin.entries.length === 0;
  const header = {
    trafficClass: 0,
    flowId: 0,
    nextHeader: 17,
    pathType: PATH_SCION,
    dst: { ia: isdAsToBigint(local ? as.ia : FAR), host: ipHost(local ? HOSTS[1] : '10.1.2.3') },
    src: { ia: isdAsToBigint(fromHere ? as.ia : FARTHER), host: ipHost('10.1.2.3') },
    path: craftPath({ segments, currHf, timestamp: now - 60, fromInside: !origin.external }, key),
  };
  const payload = new Uint8Array(16);
  // To port 31009, from 31001.
  payload.set([0x79, 0x19, 0x79, 0x21, 0, 16]);
  return { origin, shape: 'plain', bytes: encodePacket(header, payload) };
}
