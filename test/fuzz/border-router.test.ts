import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { decodePacket } from '../../src/scion/header.ts';
import { craftPath } from '../golden/crafted-path.ts';
import { wrapFrame } from '../golden/frame.ts';
import { allMeetings, type Meeting, NOW, OPTIONS, oneOfEachShape } from '../golden/meetings.ts';
import { benchLink, LOOPBACK, RouterBench } from '../golden/router-bench.ts';
import { atBorderRouter } from '../model/border-router.ts';
import { buildPacket } from '../model/packets.ts';
import { numberOf, type RouterConfig } from '../model/router.ts';
import { peering, sixteen, tiny4 } from '../unit/scion/topologies.ts';
import { contents } from './contents.ts';
import { mutateScion } from './mutate-scion.ts';
import { mutateUnderlay } from './mutate-underlay.ts';
import type { Random } from './random.ts';
import { assertMet, fuzz, type Stage, XDP_ACTIONS } from './rounds.ts';
import { shaken } from './shaken.ts';

await buildAll();
const bench = new RouterBench();
const PACKETS = 450_000;

const SHAPES = [tiny4, peering, sixteen].flatMap((topology) => oneOfEachShape(allMeetings(topology)));

type Arrival = Pick<Meeting, 'router' | 'ingress' | 'packet'>;

/** In the middle of the longest path there is, and at a change of segments of it. */
function longArrivals(): Arrival[] {
  const router = SHAPES.find(({ router }) => router.interfaces.size > 3)!.router;
  const [first, second] = [...router.interfaces.keys()] as [number, number];
  const segments = [
    { consDir: true, hops: Array.from({ length: 60 }, () => [first, second] as const) },
    { consDir: false, hops: Array.from({ length: 4 }, () => [first, second] as const) },
  ];
  const [src, dst] = [...new Set(SHAPES.map(({ router }) => router.ia))].filter((ia) => ia !== router.ia) as [
    RouterConfig['ia'],
    RouterConfig['ia'],
  ];
  return [1, 30, 59, 61].map((currHf) => {
    const raw = craftPath({ segments, currHf, timestamp: OPTIONS.timestamp }, router.forwardingKey);
    return { router, ingress: first, packet: buildPacket({ src, dst, raw }) };
  });
}

const BY_ROUTER = [...Map.groupBy<RouterConfig, Arrival>([...SHAPES, ...longArrivals()], ({ router }) => router)];

function frameOf(meeting: Arrival, config: RouterConfig, random: Random): Uint8Array {
  const { own, remote } = benchLink(meeting.ingress);
  const packet = contents(meeting.packet, random);
  const { src, dst } = decodePacket(meeting.packet).header;
  const place = {
    forwardingKey: config.forwardingKey,
    interfaces: [...config.interfaces.keys()],
    ias: [src.ia, dst.ia, numberOf(config.ia)],
    now: NOW,
  };
  const mutated = random.once(8) ? packet : mutateScion(packet, random, place);
  const frame = wrapFrame(remote, own, mutated);
  return random.once(10) ? mutateUnderlay(frame, random) : frame;
}

function stageOf(random: Random): Stage {
  const [original, met] = random.pick(BY_ROUTER);
  const config = shaken(original, random);
  const ingress = random.pick(met).ingress;
  const there = met.filter((meeting) => meeting.ingress === ingress);
  const slowPath = random.once(2);
  const router = { config, ends: benchLink, slowPath };
  const now = NOW + 0.2;
  bench.configure(config, now, { slowPath });
  bench.router.configureDevice(LOOPBACK, 0, ingress);
  return {
    subject: {
      program: bench.router.program,
      actions: XDP_ACTIONS,
      counts: bench.counted.counts,
      prepare: () => bench.setNow(now),
    },
    makeFrame: (own) => frameOf(own.pick(there), config, own),
    expect: (frame) => atBorderRouter(frame, ingress, router, now),
    describe: () => ({ program: 'border_router', ingress, now, slowPath, router: config }),
  };
}

test('border_router does with every damaged packet what the model of its rules does', () => {
  const seen = fuzz({ name: 'border_router', packets: PACKETS, stageOf });
  assertMet(seen, [
    'FORWARDED',
    'LOCAL_DELIVERY',
    'UNDERLAY_SOURCE',
    'UNDERLAY_LENGTH',
    'UNDERLAY_FRAGMENT',
    'TRUNCATED',
    'BAD_EXTENSION',
    'MALFORMED_PATH',
    'UNSUPPORTED_PATH',
    'UNKNOWN_VERSION',
    'ONE_HOP_PATH',
    'EPIC_PATH',
    'BFD',
    'EXPIRED_HOP',
    'WRONG_INGRESS',
    'PACKET_SIZE',
    'SOURCE_IA',
    'DESTINATION_IA',
    'BAD_MAC',
    'INGRESS_ALERT',
    'EGRESS_ALERT',
    'UNKNOWN_EGRESS',
    'INVALID_PATH',
    'INVALID_SEGMENT_CHANGE',
    'EGRESS_DOWN',
    'TOO_BIG',
  ]);
});
