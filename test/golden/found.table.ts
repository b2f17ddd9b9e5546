/**
 * Packets in which a program and its model once differed, and some that were hard to get right: rows as the fuzz tests print
 * them (test/fuzz/), renamed after what they show.
 */
import type { PathSetSettings } from '../../src/dataplane/node.ts';
import type { Action } from '../model/frame-outcome.ts';
import type { RouterInterface } from '../model/router.ts';

export interface FoundRouter {
  readonly ia: string;
  readonly forwardingKey: string;
  readonly interfaces: readonly (readonly [number, RouterInterface])[];
}

interface Found {
  readonly name: string;
  readonly frame: string;
  readonly action: Action;
  readonly reasons: readonly string[];
  readonly out?: string;
}

export type FoundRow = Found &
  (
    | {
        readonly program: 'border_router';
        readonly ingress: number;
        readonly now: number;
        readonly slowPath: boolean;
        readonly router: FoundRouter;
      }
    | { readonly program: 'node_wan'; readonly ingress: number; readonly now: number; readonly router: FoundRouter }
    | {
        readonly program: 'pod_egress';
        readonly segmented: boolean;
        readonly set: PathSetSettings;
        readonly down: readonly number[];
      }
  );

export const FOUND: readonly FoundRow[] = [
  {
    name: 'reserved bits of the path meta header stay where a sibling is to send the packet on',
    program: 'node_wan',
    ingress: 3,
    now: 1700000060.2,
    router: {
      ia: '1-ff00:0:110',
      forwardingKey: 'fd4cd9fbab7c09a9bd164b607e42c96a',
      interfaces: [
        [1, { neighbour: 'core', up: true, mtu: 300 }],
        [2, { neighbour: 'core', up: true, sibling: 'sibling', mtu: 1500 }],
        [3, { neighbour: 'core', up: false, mtu: 200 }],
      ],
    },
    frame:
      '0200000000010200000000020800450000f4000040004011e1c9ac150003ac140003a02b9c4300e00000014949f9ca260040013000000001ff00000001310001ff0000000120fd0000000000000000000000000000020a00000103105080000070186553f100010086ae6553f100003f00020000cdbaa869a363003f01f701f56c4bd596b580003f01c501c2936296cf1d70003f000200031bdd0c0ceaeb003f00000068713169317f24003f0000006f7236fea214b9003f01df0000b45117f668aa06d1c1a593293c91cdab21bff4e5a7cfe6267ada06fd365f17f40d73e7aefd5fe0922ccbe32ba45ecb7ba095ce898c173d19555aa7abd30cef232d52b9b865c9',
    action: 'redirect',
    reasons: ['TO_SIBLING'],
    out: '0200000001020200000001010800450000f400004000401125f30a0200010a020002755a755a00e00000014949f9ca260040013000000001ff00000001310001ff0000000120fd0000000000000000000000000000020a0000010310508000006bc56553f100010086ae6553f100003f00020000cdbaa869a363003f01f701f56c4bd596b580003f01c501c2936296cf1d70003f000200031bdd0c0ceaeb003f00000068713169317f24003f0000006f7236fea214b9003f01df0000b45117f668aa06d1c1a593293c91cdab21bff4e5a7cfe6267ada06fd365f17f40d73e7aefd5fe0922ccbe32ba45ecb7ba095ce898c173d19555aa7abd30cef232d52b9b865c9',
  },
  {
    name: 'a change of segments that no links allow goes to the slow path as it came',
    program: 'border_router',
    ingress: 2,
    now: 1700000060.2,
    slowPath: true,
    router: {
      ia: '1-ff00:0:120',
      forwardingKey: 'a755cb1ed6324d0cc4e0a975035e56af',
      interfaces: [
        [6, { neighbour: 'core', up: true, mtu: 1500 }],
        [1, { neighbour: 'core', up: false, mtu: 1500 }],
        [2, { neighbour: 'core', up: true, mtu: 200 }],
        [3, { neighbour: 'core', up: false, mtu: 1500 }],
        [4, { neighbour: 'child', up: true, mtu: 1500 }],
        [5, { neighbour: 'child', up: true, mtu: 1500 }],
      ],
    },
    frame:
      '0200000000010200000000020800450000b5000040004011e20aac150002ac140002a02a9c4200a100000a41dab106260001013300000001ff00000001210001ff0000000110fd000000000000000000000000000002fd000000000000000000000000000001030040800000c4cb6553f100010029196553f100003f00030000ceaec448bc81003f01c201c5552ec56fa25f003f01f501f7b9fd03c323c1003f00000002399ba75582cf003f00000002d700bd791b52003f000300009a203e670ccb8c',
    action: 'pass',
    reasons: ['INVALID_SEGMENT_CHANGE'],
    out: '0200000000010200000000020800450000b5000040004011e20aac150002ac140002a02a9c4200a100000a41dab106260001013300000001ff00000001210001ff0000000110fd000000000000000000000000000002fd000000000000000000000000000001030040800000c4cb6553f100010029196553f100003f00030000ceaec448bc81003f01c201c5552ec56fa25f003f01f501f7b9fd03c323c1003f00000002399ba75582cf003f00000002d700bd791b52003f000300009a203e670ccb8c',
  },
  {
    name: 'an MSS that is no multiple of anything is lowered behind other options, in a packet with ECN bits',
    program: 'pod_egress',
    segmented: false,
    set: {
      strategy: 'ordered',
      onNone: 'pass',
      paths: [
        { id: 1, weight: 2 },
        { id: 2, weight: 1 },
      ],
    },
    down: [2],
    frame:
      '51512513feb9c74a20c00bc108004503003cb75a400040066d480a0101030a020111db85efedae95ac7ef2230d9ba0377d4eb79754900402080a00000001000000000204230001010100',
    action: 'redirect',
    reasons: ['ENCAPSULATED'],
    out: '0200000000020200000000010800450000a0000040004011e21fac140002ac1500029c42a02a008c000000082263fd12003c010000000001ff00000001120001ff00000001100a0200010a010001010020000100cfee6553f100003f00000002ddda6289e20d003f0001000017a426662a814503003cb75a40003f066e480a0101030a020111db85efedae95ac7ef2230d9ba0377d4ed5ab54900402080a0000000100000000020404ec01010100',
  },
  {
    name: 'a sibling may not have a path end at a router that is not at its destination',
    program: 'node_wan',
    ingress: 0,
    now: 1700000060.2,
    router: {
      ia: '1-ff00:0:121',
      forwardingKey: 'dee517b3f7879f189adac30a905d6fe7',
      interfaces: [
        [1, { neighbour: 'parent', up: false, sibling: 'sibling', mtu: 1500 }],
        [2, { neighbour: 'child', up: true, mtu: 300 }],
        [3, { neighbour: 'peer', up: true, sibling: 'sibling', mtu: 200 }],
      ],
    },
    frame:
      '0200000001010200000001020800450000b100004000401126360a0200020a020001755a755a009d000007392b27fe250001010400000001ff00000001220001ff00000001110a0000020001000085002082000030f26553f1000000ee6e6553f10001006d796553f100003f00010000ba7726312c76003f00000003e69a6ac3b34a003f000200003f43a587d0be003f00000001e5f02787d880003f0000000333a9fa9dc115003f00010002e19b4462e6e9003f00010000886a5557262e9c',
    action: 'drop',
    reasons: ['PATH_END'],
  },
];
