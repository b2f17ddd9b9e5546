/** Runs pod_egress on single packets (BPF_PROG_RUN): a node with up to three paths to one remote node's pods. */
import { NodeDataplane, type PathSetSettings } from '../../src/dataplane/node.ts';
import { pathHeader } from '../../src/dataplane/path-header.ts';
import { craftPath } from './crafted-path.ts';
import type { PathHere } from './paths.ts';
import { benchLink, CountedReason, type Run } from './router-bench.ts';
import { DST, HERE, KEY, TIMESTAMP } from './row.ts';

export const TC_ACT_OK = 0;
export const TC_ACT_SHOT = 2;
export const TC_ACT_REDIRECT = 7;

export const NODE_HOST = '10.1.0.1';
export const REMOTE_HOST = '10.2.0.1';
export const POD = '10.1.1.2';
export const REMOTE_POD = '10.2.1.2';
export const REMOTE_CIDR = '10.2.1.0/24';
export const MARK = 0x77;
/** A pod with a policy has this one. */
export const POLICY = 7;
export const INNER_MTU = 1300;
/** Far in the future, Unix seconds. */
export const LATER = 4_000_000_000;

/** BPF_PROG_RUN makes packets arrive on the loopback device. */
const LOOPBACK = 1;
const SEGMENTER_OUT = 6;
/** struct __sk_buff (linux/bpf.h): its length, and where gso_size stands. */
const SKB_LENGTH = 192;
const GSO_SIZE_AT = 176;
const MARK_AT = 8;

/** From the node's own interface to the remote AS, as its source puts it into packets. */
export function podPath(ifid: number, hops = 2): PathHere {
  const middle = Array.from({ length: hops - 2 }, () => [1, 2] as const);
  return { segments: [{ consDir: true, hops: [[0, ifid], ...middle, [1, 0]] }], currHf: 0, fromInside: true };
}

export interface PodRun extends Run {
  readonly mark: number;
  /** Packets counted: of a large packet, the frames that the kernel will make of it. */
  readonly packets: number;
}

export class PodBench {
  readonly node = NodeDataplane.load({ ifindexLimit: 64, linkLimit: 8 });
  readonly counted = new CountedReason(this.node.map('counters'));

  constructor() {
    this.setSegmented(false);
    this.node.setAs({ ia: HERE, forwardingKey: KEY, linkLimit: 8 });
    this.node.setRemote(REMOTE_CIDR, { id: 1, ia: DST, innerMtu: INNER_MTU });
  }

  /** Whether packets arrive from the segmenter or from a pod. */
  setSegmented(segmented: boolean): void {
    this.node.configureNode({
      address: NODE_HOST,
      routerPort: 30_042,
      hostPort: 30_041,
      podCidr: '10.1.1.0/24',
      segmenterIn: 5,
      segmenterOut: segmented ? LOOPBACK : SEGMENTER_OUT,
      fallbackMark: MARK,
    });
  }

  /** Path `id` leaves by interface `id + 1`, so the underlay tells which one was taken. */
  setPath(id: number, expiry = LATER, hops = 2): { readonly header: Uint8Array; readonly innerMtu: number } {
    const { own, remote } = benchLink(id + 1);
    const raw = craftPath({ ...podPath(id + 1, hops), timestamp: TIMESTAMP }, KEY);
    const header = pathHeader({
      srcIa: HERE,
      dstIa: DST,
      srcHost: NODE_HOST,
      dstHost: REMOTE_HOST,
      raw,
      own,
      remote,
      ownLink: true,
    });
    this.node.setPath(id, { header, ifindex: 40 + id, ifid: id + 1, innerMtu: INNER_MTU, expiry });
    return { header, innerMtu: INNER_MTU };
  }

  setPaths(set: PathSetSettings): void {
    for (const { id } of set.paths) this.setPath(id);
    this.node.setPathSet(0, 1, set);
  }

  /** @param gsoSize of a packet that the kernel is to cut into segments with that much payload; 0: it is one already */
  send(frame: Uint8Array, gsoSize = 0): PodRun {
    const ctx = new Uint8Array(SKB_LENGTH);
    new DataView(ctx.buffer).setUint32(GSO_SIZE_AT, gsoSize, true);
    const before = this.counted.counts.read();
    const result = this.node.programs.podEgress.run({ data: frame, ctx });
    const packets = [...this.counted.counts.since(before).values()].reduce((sum, count) => sum + count, 0);
    const mark = new DataView(result.ctx.buffer, result.ctx.byteOffset).getUint32(MARK_AT, true);
    return { action: result.retval, reason: this.counted.next(), frame: result.data, mark, packets };
  }
}
