/** Generated from the BTF of bpf/*.h by generate-layouts.ts; not to be edited. */

import type { Layout } from './layout.ts';

export interface CilionAwaited {
  readonly head: Uint8Array;
}

const cilion_awaited: Layout<CilionAwaited> = {
  name: 'cilion_awaited',
  size: 52,
  fields: [{ kind: 'bytes', name: 'head', offset: 0, size: 52 }],
};

export interface CilionBfdSession {
  readonly min_rx_ns: bigint;
  readonly heard_ns: bigint;
  readonly detection_ns: bigint;
  readonly up: number;
}

const cilion_bfd_session: Layout<CilionBfdSession> = {
  name: 'cilion_bfd_session',
  size: 32,
  fields: [
    { kind: 'int', name: 'min_rx_ns', offset: 0, size: 8 },
    { kind: 'int', name: 'heard_ns', offset: 8, size: 8 },
    { kind: 'int', name: 'detection_ns', offset: 16, size: 8 },
    { kind: 'int', name: 'up', offset: 24, size: 4 },
  ],
};

export interface CilionCaptured {
  readonly time: bigint;
  readonly length: number;
  readonly direction: number;
  readonly data: Uint8Array;
}

const cilion_captured: Layout<CilionCaptured> = {
  name: 'cilion_captured',
  size: 4112,
  fields: [
    { kind: 'int', name: 'time', offset: 0, size: 8 },
    { kind: 'int', name: 'length', offset: 8, size: 4 },
    { kind: 'int', name: 'direction', offset: 12, size: 4 },
    { kind: 'bytes', name: 'data', offset: 16, size: 4096 },
  ],
};

export interface CilionCaptureCounts {
  readonly frames: bigint;
  readonly missed: bigint;
}

const cilion_capture_counts: Layout<CilionCaptureCounts> = {
  name: 'cilion_capture_counts',
  size: 16,
  fields: [
    { kind: 'int', name: 'frames', offset: 0, size: 8 },
    { kind: 'int', name: 'missed', offset: 8, size: 8 },
  ],
};

export interface CilionClock {
  readonly unix_offset_ns: bigint;
}

const cilion_clock: Layout<CilionClock> = {
  name: 'cilion_clock',
  size: 8,
  fields: [{ kind: 'int', name: 'unix_offset_ns', offset: 0, size: 8 }],
};

export interface CilionTick {
  readonly jiffies: bigint;
  readonly coarse_ns: bigint;
  readonly unix_ns: bigint;
}

const cilion_tick: Layout<CilionTick> = {
  name: 'cilion_tick',
  size: 24,
  fields: [
    { kind: 'int', name: 'jiffies', offset: 0, size: 8 },
    { kind: 'int', name: 'coarse_ns', offset: 8, size: 8 },
    { kind: 'int', name: 'unix_ns', offset: 16, size: 8 },
  ],
};

export interface CilionUnderlay {
  readonly as_slot: number;
  readonly own_ip: number;
  readonly remote_ip: number;
  readonly own_port: number;
  readonly remote_port: number;
}

const cilion_underlay: Layout<CilionUnderlay> = {
  name: 'cilion_underlay',
  size: 16,
  fields: [
    { kind: 'int', name: 'as_slot', offset: 0, size: 4 },
    { kind: 'int', name: 'own_ip', offset: 4, size: 4, bigEndian: true },
    { kind: 'int', name: 'remote_ip', offset: 8, size: 4, bigEndian: true },
    { kind: 'int', name: 'own_port', offset: 12, size: 2, bigEndian: true },
    { kind: 'int', name: 'remote_port', offset: 14, size: 2, bigEndian: true },
  ],
};

export interface CilionNeighbour {
  readonly ifid: number;
  readonly bfd_session: number;
}

const cilion_neighbour: Layout<CilionNeighbour> = {
  name: 'cilion_neighbour',
  size: 8,
  fields: [
    { kind: 'int', name: 'ifid', offset: 0, size: 4 },
    { kind: 'int', name: 'bfd_session', offset: 4, size: 4 },
  ],
};

export interface CilionDevice {
  readonly role: number;
  readonly as_slot: number;
  readonly ifid: number;
}

const cilion_device: Layout<CilionDevice> = {
  name: 'cilion_device',
  size: 12,
  fields: [
    { kind: 'int', name: 'role', offset: 0, size: 4 },
    { kind: 'int', name: 'as_slot', offset: 4, size: 4 },
    { kind: 'int', name: 'ifid', offset: 8, size: 4 },
  ],
};

export interface CilionLink {
  readonly ifid: number;
  readonly kind: number;
  readonly flags: number;
  readonly ifindex: number;
  readonly own_ip: number;
  readonly remote_ip: number;
  readonly own_port: number;
  readonly remote_port: number;
  readonly remote_mac: Uint8Array;
  readonly own_mac: Uint8Array;
  readonly mtu: number;
  readonly ip_sum: number;
  readonly bfd_session: number;
}

const cilion_link: Layout<CilionLink> = {
  name: 'cilion_link',
  size: 40,
  fields: [
    { kind: 'int', name: 'ifid', offset: 0, size: 2 },
    { kind: 'int', name: 'kind', offset: 2, size: 1 },
    { kind: 'int', name: 'flags', offset: 3, size: 1 },
    { kind: 'int', name: 'ifindex', offset: 4, size: 4 },
    { kind: 'int', name: 'own_ip', offset: 8, size: 4, bigEndian: true },
    { kind: 'int', name: 'remote_ip', offset: 12, size: 4, bigEndian: true },
    { kind: 'int', name: 'own_port', offset: 16, size: 2, bigEndian: true },
    { kind: 'int', name: 'remote_port', offset: 18, size: 2, bigEndian: true },
    { kind: 'bytes', name: 'remote_mac', offset: 20, size: 6 },
    { kind: 'bytes', name: 'own_mac', offset: 26, size: 6 },
    { kind: 'int', name: 'mtu', offset: 32, size: 2 },
    { kind: 'int', name: 'ip_sum', offset: 34, size: 2 },
    { kind: 'int', name: 'bfd_session', offset: 36, size: 2 },
  ],
};

export interface CilionAs {
  readonly ia: bigint;
  readonly slot: number;
  readonly link_base: number;
  readonly link_limit: number;
  readonly flags: number;
  readonly key_epoch: number;
  readonly internal_ifindex: number;
  readonly internal_ip: number;
  readonly internal_port: number;
  readonly host_port_min: number;
  readonly host_port_max: number;
  readonly subkey: readonly bigint[];
  readonly round_keys: readonly number[];
}

const cilion_as: Layout<CilionAs> = {
  name: 'cilion_as',
  size: 240,
  fields: [
    { kind: 'int', name: 'ia', offset: 0, size: 8, bigEndian: true },
    { kind: 'int', name: 'slot', offset: 8, size: 4 },
    { kind: 'int', name: 'link_base', offset: 12, size: 4 },
    { kind: 'int', name: 'link_limit', offset: 16, size: 4 },
    { kind: 'int', name: 'flags', offset: 20, size: 4 },
    { kind: 'int', name: 'key_epoch', offset: 24, size: 4 },
    { kind: 'int', name: 'internal_ifindex', offset: 28, size: 4 },
    { kind: 'int', name: 'internal_ip', offset: 32, size: 4, bigEndian: true },
    { kind: 'int', name: 'internal_port', offset: 36, size: 2, bigEndian: true },
    { kind: 'int', name: 'host_port_min', offset: 38, size: 2 },
    { kind: 'int', name: 'host_port_max', offset: 40, size: 2 },
    { kind: 'int', name: 'subkey', offset: 48, size: 16, count: 2 },
    { kind: 'int', name: 'round_keys', offset: 64, size: 176, count: 44 },
  ],
};

export interface CilionRoutedEnd {
  readonly as_slot: number;
  readonly ip: number;
  readonly port: number;
}

const cilion_routed_end: Layout<CilionRoutedEnd> = {
  name: 'cilion_routed_end',
  size: 12,
  fields: [
    { kind: 'int', name: 'as_slot', offset: 0, size: 4 },
    { kind: 'int', name: 'ip', offset: 4, size: 4, bigEndian: true },
    { kind: 'int', name: 'port', offset: 8, size: 2, bigEndian: true },
  ],
};

export interface CilionCounter {
  readonly packets: bigint;
  readonly bytes: bigint;
}

const cilion_counter: Layout<CilionCounter> = {
  name: 'cilion_counter',
  size: 16,
  fields: [
    { kind: 'int', name: 'packets', offset: 0, size: 8 },
    { kind: 'int', name: 'bytes', offset: 8, size: 8 },
  ],
};

export interface CilionMacEntry {
  readonly input: readonly bigint[];
  readonly mac: bigint;
  readonly tag: bigint;
}

const cilion_mac_entry: Layout<CilionMacEntry> = {
  name: 'cilion_mac_entry',
  size: 32,
  fields: [
    { kind: 'int', name: 'input', offset: 0, size: 16, count: 2 },
    { kind: 'int', name: 'mac', offset: 16, size: 8 },
    { kind: 'int', name: 'tag', offset: 24, size: 8 },
  ],
};

export interface CilionNode {
  readonly internal_ip: number;
  readonly router_port: number;
  readonly host_port: number;
  readonly pod_net: number;
  readonly pod_mask: number;
  readonly segmenter_in: number;
  readonly segmenter_out: number;
  readonly fallback_mark: number;
}

const cilion_node: Layout<CilionNode> = {
  name: 'cilion_node',
  size: 28,
  fields: [
    { kind: 'int', name: 'internal_ip', offset: 0, size: 4, bigEndian: true },
    { kind: 'int', name: 'router_port', offset: 4, size: 2, bigEndian: true },
    { kind: 'int', name: 'host_port', offset: 6, size: 2, bigEndian: true },
    { kind: 'int', name: 'pod_net', offset: 8, size: 4, bigEndian: true },
    { kind: 'int', name: 'pod_mask', offset: 12, size: 4, bigEndian: true },
    { kind: 'int', name: 'segmenter_in', offset: 16, size: 4 },
    { kind: 'int', name: 'segmenter_out', offset: 20, size: 4 },
    { kind: 'int', name: 'fallback_mark', offset: 24, size: 4 },
  ],
};

export interface CilionPrefix {
  readonly length: number;
  readonly ip: number;
}

const cilion_prefix: Layout<CilionPrefix> = {
  name: 'cilion_prefix',
  size: 8,
  fields: [
    { kind: 'int', name: 'length', offset: 0, size: 4 },
    { kind: 'int', name: 'ip', offset: 4, size: 4, bigEndian: true },
  ],
};

export interface CilionRemote {
  readonly ia: bigint;
  readonly id: number;
  readonly inner_mtu: number;
}

const cilion_remote: Layout<CilionRemote> = {
  name: 'cilion_remote',
  size: 16,
  fields: [
    { kind: 'int', name: 'ia', offset: 0, size: 8, bigEndian: true },
    { kind: 'int', name: 'id', offset: 8, size: 4 },
    { kind: 'int', name: 'inner_mtu', offset: 12, size: 4 },
  ],
};

export interface CilionRouteKey {
  readonly policy: number;
  readonly remote: number;
}

const cilion_route_key: Layout<CilionRouteKey> = {
  name: 'cilion_route_key',
  size: 8,
  fields: [
    { kind: 'int', name: 'policy', offset: 0, size: 4 },
    { kind: 'int', name: 'remote', offset: 4, size: 4 },
  ],
};

export interface CilionPathSet {
  readonly count: number;
  readonly strategy: number;
  readonly on_none: number;
  readonly path: readonly number[];
  readonly weight: readonly number[];
}

const cilion_path_set: Layout<CilionPathSet> = {
  name: 'cilion_path_set',
  size: 76,
  fields: [
    { kind: 'int', name: 'count', offset: 0, size: 4 },
    { kind: 'int', name: 'strategy', offset: 4, size: 4 },
    { kind: 'int', name: 'on_none', offset: 8, size: 4 },
    { kind: 'int', name: 'path', offset: 12, size: 32, count: 8 },
    { kind: 'int', name: 'weight', offset: 44, size: 32, count: 8 },
  ],
};

export interface CilionPath {
  readonly expiry_ns: bigint;
  readonly ifindex: number;
  readonly link: number;
  readonly header_len: number;
  readonly inner_mtu: number;
  readonly ip_sum: number;
  readonly flags: number;
  readonly header: Uint8Array;
}

const cilion_path: Layout<CilionPath> = {
  name: 'cilion_path',
  size: 912,
  fields: [
    { kind: 'int', name: 'expiry_ns', offset: 0, size: 8 },
    { kind: 'int', name: 'ifindex', offset: 8, size: 4 },
    { kind: 'int', name: 'link', offset: 12, size: 4 },
    { kind: 'int', name: 'header_len', offset: 16, size: 4 },
    { kind: 'int', name: 'inner_mtu', offset: 20, size: 4 },
    { kind: 'int', name: 'ip_sum', offset: 24, size: 4 },
    { kind: 'int', name: 'flags', offset: 28, size: 4 },
    { kind: 'bytes', name: 'header', offset: 32, size: 874 },
  ],
};

export interface CilionPathHealth {
  readonly last_heard_ns: bigint;
  readonly lapse_ns: bigint;
  readonly rtt_ns: bigint;
  readonly down: bigint;
  readonly token: bigint;
}

const cilion_path_health: Layout<CilionPathHealth> = {
  name: 'cilion_path_health',
  size: 40,
  fields: [
    { kind: 'int', name: 'last_heard_ns', offset: 0, size: 8 },
    { kind: 'int', name: 'lapse_ns', offset: 8, size: 8 },
    { kind: 'int', name: 'rtt_ns', offset: 16, size: 8 },
    { kind: 'int', name: 'down', offset: 24, size: 8 },
    { kind: 'int', name: 'token', offset: 32, size: 8 },
  ],
};

export interface CilionProbe {
  readonly magic: number;
  readonly kind: number;
  readonly path: number;
  readonly token: bigint;
  readonly sent_ns: bigint;
}

const cilion_probe: Layout<CilionProbe> = {
  name: 'cilion_probe',
  size: 32,
  fields: [
    { kind: 'int', name: 'magic', offset: 0, size: 4, bigEndian: true },
    { kind: 'int', name: 'kind', offset: 4, size: 4, bigEndian: true },
    { kind: 'int', name: 'path', offset: 8, size: 4, bigEndian: true },
    { kind: 'int', name: 'token', offset: 16, size: 8, bigEndian: true },
    { kind: 'int', name: 'sent_ns', offset: 24, size: 8, bigEndian: true },
  ],
};

export interface CilionInterfaceDown {
  readonly ia: bigint;
  readonly ifid: bigint;
}

const cilion_interface_down: Layout<CilionInterfaceDown> = {
  name: 'cilion_interface_down',
  size: 16,
  fields: [
    { kind: 'int', name: 'ia', offset: 0, size: 8, bigEndian: true },
    { kind: 'int', name: 'ifid', offset: 8, size: 8, bigEndian: true },
  ],
};

export interface WireConfig {
  readonly delay_ns: bigint;
  readonly jitter_ns: bigint;
  readonly byte_time: bigint;
  readonly queue_ns: bigint;
  readonly loss_ppm: number;
  readonly cut: number;
  readonly capture_bytes: number;
  readonly out_ifindex: number;
  readonly first_slot: number;
  readonly slots: number;
  readonly max_length: number;
}

const wire_config: Layout<WireConfig> = {
  name: 'wire_config',
  size: 64,
  fields: [
    { kind: 'int', name: 'delay_ns', offset: 0, size: 8 },
    { kind: 'int', name: 'jitter_ns', offset: 8, size: 8 },
    { kind: 'int', name: 'byte_time', offset: 16, size: 8 },
    { kind: 'int', name: 'queue_ns', offset: 24, size: 8 },
    { kind: 'int', name: 'loss_ppm', offset: 32, size: 4 },
    { kind: 'int', name: 'cut', offset: 36, size: 4 },
    { kind: 'int', name: 'capture_bytes', offset: 40, size: 4 },
    { kind: 'int', name: 'out_ifindex', offset: 44, size: 4 },
    { kind: 'int', name: 'first_slot', offset: 48, size: 4 },
    { kind: 'int', name: 'slots', offset: 52, size: 4 },
    { kind: 'int', name: 'max_length', offset: 56, size: 4 },
  ],
};

export interface WireEntry {
  readonly head: bigint;
  readonly last_due: bigint;
  readonly busy_until: bigint;
  readonly busy_fraction: bigint;
  readonly random: bigint;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly lost: bigint;
  readonly queue_full: bigint;
  readonly ring_full: bigint;
  readonly cut: bigint;
  readonly oversize: bigint;
  readonly capture_missed: bigint;
}

const wire_entry: Layout<WireEntry> = {
  name: 'wire_entry',
  size: 128,
  fields: [
    { kind: 'int', name: 'head', offset: 0, size: 8 },
    { kind: 'int', name: 'last_due', offset: 8, size: 8 },
    { kind: 'int', name: 'busy_until', offset: 16, size: 8 },
    { kind: 'int', name: 'busy_fraction', offset: 24, size: 8 },
    { kind: 'int', name: 'random', offset: 32, size: 8 },
    { kind: 'int', name: 'packets', offset: 40, size: 8 },
    { kind: 'int', name: 'bytes', offset: 48, size: 8 },
    { kind: 'int', name: 'lost', offset: 56, size: 8 },
    { kind: 'int', name: 'queue_full', offset: 64, size: 8 },
    { kind: 'int', name: 'ring_full', offset: 72, size: 8 },
    { kind: 'int', name: 'cut', offset: 80, size: 8 },
    { kind: 'int', name: 'oversize', offset: 88, size: 8 },
    { kind: 'int', name: 'capture_missed', offset: 96, size: 8 },
  ],
};

export interface WireExit {
  readonly tail: bigint;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly cut: bigint;
  readonly refused: bigint;
  readonly capture_missed: bigint;
}

const wire_exit: Layout<WireExit> = {
  name: 'wire_exit',
  size: 64,
  fields: [
    { kind: 'int', name: 'tail', offset: 0, size: 8 },
    { kind: 'int', name: 'packets', offset: 8, size: 8 },
    { kind: 'int', name: 'bytes', offset: 16, size: 8 },
    { kind: 'int', name: 'cut', offset: 24, size: 8 },
    { kind: 'int', name: 'refused', offset: 32, size: 8 },
    { kind: 'int', name: 'capture_missed', offset: 40, size: 8 },
  ],
};

export interface WireState {
  readonly entry: WireEntry;
  readonly exit: WireExit;
}

const wire_state: Layout<WireState> = {
  name: 'wire_state',
  size: 192,
  fields: [
    { kind: 'struct', name: 'entry', offset: 0, size: 128, layout: wire_entry },
    { kind: 'struct', name: 'exit', offset: 128, size: 64, layout: wire_exit },
  ],
};

export interface WireFrame {
  readonly time: bigint;
  readonly length: number;
  readonly direction: number;
  readonly data: Uint8Array;
}

const wire_frame: Layout<WireFrame> = {
  name: 'wire_frame',
  size: 1536,
  fields: [
    { kind: 'int', name: 'time', offset: 0, size: 8 },
    { kind: 'int', name: 'length', offset: 8, size: 4 },
    { kind: 'int', name: 'direction', offset: 12, size: 4 },
    { kind: 'bytes', name: 'data', offset: 16, size: 1520 },
  ],
};

export interface WireWake {
  readonly at: bigint;
  readonly kicks: bigint;
}

const wire_wake: Layout<WireWake> = {
  name: 'wire_wake',
  size: 16,
  fields: [
    { kind: 'int', name: 'at', offset: 0, size: 8 },
    { kind: 'int', name: 'kicks', offset: 8, size: 8 },
  ],
};

export const layouts = {
  cilion_awaited,
  cilion_bfd_session,
  cilion_captured,
  cilion_capture_counts,
  cilion_clock,
  cilion_tick,
  cilion_underlay,
  cilion_neighbour,
  cilion_device,
  cilion_link,
  cilion_as,
  cilion_routed_end,
  cilion_counter,
  cilion_mac_entry,
  cilion_node,
  cilion_prefix,
  cilion_remote,
  cilion_route_key,
  cilion_path_set,
  cilion_path,
  cilion_path_health,
  cilion_probe,
  cilion_interface_down,
  wire_config,
  wire_entry,
  wire_exit,
  wire_state,
  wire_frame,
  wire_wake,
};

export const enums = {
  cilion_capture_direction: { CILION_CAPTURE_AB: 0, CILION_CAPTURE_BA: 1 },
  cilion_role: { CILION_ROLE_NONE: 0, CILION_ROLE_EXTERNAL: 1, CILION_ROLE_INTERNAL: 2, CILION_ROLE_ACCESS: 3 },
  cilion_link_kind: {
    CILION_LINK_NONE: 0,
    CILION_LINK_CORE: 1,
    CILION_LINK_PARENT: 2,
    CILION_LINK_CHILD: 3,
    CILION_LINK_PEER: 4,
  },
  cilion_link_flag: { CILION_LINK_UP: 1, CILION_LINK_SIBLING: 2, CILION_LINK_ROUTED: 4 },
  cilion_as_flag: { CILION_AS_SLOW_PATH: 1, CILION_AS_ROUTED: 2 },
  cilion_strategy: { CILION_STRATEGY_ORDERED: 0, CILION_STRATEGY_WEIGHTED: 1 },
  cilion_on_none: { CILION_ON_NONE_BLOCK: 0, CILION_ON_NONE_PASS: 1 },
  cilion_path_flag: { CILION_PATH_ROUTED: 1 },
  cilion_probe_kind: { CILION_PROBE_REQUEST: 1, CILION_PROBE_REPLY: 2 },
  cilion_reason: {
    CILION_FORWARDED: 0,
    CILION_TO_SIBLING: 1,
    CILION_ENCAPSULATED: 2,
    CILION_SEGMENTED: 3,
    CILION_DECAPSULATED: 4,
    CILION_PROBE_SENT: 5,
    CILION_PROBE_ANSWERED: 6,
    CILION_PROBE_HEARD: 7,
    CILION_INTERFACE_DOWN_HEARD: 8,
    CILION_UNDERLAY_LENGTH: 9,
    CILION_UNDERLAY_SOURCE: 10,
    CILION_TRUNCATED: 11,
    CILION_BAD_EXTENSION: 12,
    CILION_MALFORMED_PATH: 13,
    CILION_PATH_END: 14,
    CILION_UNSUPPORTED_PATH: 15,
    CILION_TRANSIT_SOURCE: 16,
    CILION_SERVICE_SOURCE: 17,
    CILION_NO_DEVICE: 18,
    CILION_NO_ROUTE: 19,
    CILION_NO_PATH: 20,
    CILION_POLICY_BLOCKED: 21,
    CILION_NO_ROOM: 22,
    CILION_INNER_TOO_BIG: 23,
    CILION_INNER_MALFORMED: 24,
    CILION_INNER_SPOOFED: 25,
    CILION_INNER_DESTINATION: 26,
    CILION_PROBE_INVALID: 27,
    CILION_FIRST_SLOW: 28,
    CILION_UNKNOWN_VERSION: 28,
    CILION_UNDERLAY_FRAGMENT: 29,
    CILION_ONE_HOP_PATH: 30,
    CILION_EPIC_PATH: 31,
    CILION_BFD: 32,
    CILION_EXPIRED_HOP: 33,
    CILION_WRONG_INGRESS: 34,
    CILION_PACKET_SIZE: 35,
    CILION_SOURCE_IA: 36,
    CILION_DESTINATION_IA: 37,
    CILION_SOURCE_HOST: 38,
    CILION_BAD_MAC: 39,
    CILION_INGRESS_ALERT: 40,
    CILION_EGRESS_ALERT: 41,
    CILION_UNKNOWN_EGRESS: 42,
    CILION_INVALID_PATH: 43,
    CILION_INVALID_SEGMENT_CHANGE: 44,
    CILION_EGRESS_DOWN: 45,
    CILION_TOO_BIG: 46,
    CILION_LOCAL_DELIVERY: 47,
    CILION_REASON_MAX: 48,
  },
} as const;
