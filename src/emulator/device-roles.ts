/**
 * Offloads and queues by a device's role. Two rules hold for every transport: frames on a wire never exceed its MTU (no TSO or
 * GSO super-frames), and checksums are finished before a wire, since XDP redirect forgets a pending one.
 * A veth without NAPI (no XDP program and GRO off) loses every frame that XDP redirects to its peer, in silence.
 */

import { LabError } from '../errors.ts';
import { native } from '../native.ts';
import type { DeviceRole, VethEnd } from './plan.ts';

export const SEGMENT_AND_SUM = {
  'tx-checksum-ip-generic': false,
  'tx-tcp-segmentation': false,
  'tx-tcp-ecn-segmentation': false,
  'tx-tcp-mangleid-segmentation': false,
  'tx-tcp6-segmentation': false,
  'tx-udp-segmentation': false,
  'tx-udp_tnl-segmentation': false,
  'tx-udp_tnl-csum-segmentation': false,
} as const;

/** Younger than the oldest kernel that a lab runs on: what does not exist need not be turned off. */
const YOUNG_FEATURES = { 'tx-tcp-accecn-segmentation': false } as const;

const FEATURES: Readonly<Record<DeviceRole, Readonly<Record<string, boolean>>>> = {
  wire: { ...SEGMENT_AND_SUM, 'rx-gro': true },
  port: { ...SEGMENT_AND_SUM, 'rx-gro': true },
  segmenter: SEGMENT_AND_SUM,
  'segmenter-xdp': {},
  middle: {},
  pod: {},
  'pod-host': {},
};

/**
 * A wire's end at a router has a queue, as a network card has: without one, a veth drops what exceeds the 256 frames of its
 * ring, and a packet that is cut into segments there is 45 of them. Linux waits for room in the ring from 6.16 on (veth's
 * backpressure); before, it drops all the same.
 */
export const WIRE_QUEUE = 'pfifo limit 1000';

/** As tc(8) takes them. */
export function queues(devices: readonly VethEnd[]): string[] {
  const wires = devices.filter(({ role }) => role === 'wire');
  return wires.map(({ device }) => `qdisc add dev ${device} root ${WIRE_QUEUE}`);
}

/** Sets the offloads of devices of one namespace. */
export function applyDeviceRoles(devices: readonly VethEnd[], netns: string): void {
  native().inNetns(netns, () => {
    for (const { device, role } of devices) {
      const features = FEATURES[role];
      if (Object.keys(features).length === 0) continue;
      native().setFeatures(device, YOUNG_FEATURES);
      const unknown = native().setFeatures(device, features);
      if (unknown.length > 0) throw new LabError(`this kernel has no device feature ${unknown.join(', ')}`);
    }
  });
}
