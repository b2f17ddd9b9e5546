/** One core's generator: a thread that stands still in the kernel while it sends. */
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { type NativeProgram, native } from '../native.ts';
import type { Burst, BurstResult, ThreadSettings } from './generator.ts';

/** As fast as it goes, the kernel hands this many frames on at a time (the veth's ring holds 256). */
const BATCH = 64;
/** struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex. */
const XDP_MD_LENGTH = 24;
const NAP_MS = 0.02;
/** Nobody wakes the thread from its naps. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

const { programId, netns } = workerData as ThreadSettings;
const program: NativeProgram = native().programById(programId);

parentPort!.postMessage({ thread: Number(basename(readlinkSync('/proc/thread-self'))) });
parentPort!.on('message', (burst: Burst) => {
  const ctx = new Uint8Array(XDP_MD_LENGTH);
  new DataView(ctx.buffer).setUint32(4, burst.frame.length, true);
  const cpuBefore = cpuNs();
  const before = process.hrtime.bigint();
  program.run({
    data: burst.frame,
    ctx,
    repeat: burst.packets,
    liveFrames: true,
    batchSize: burst.batch ?? BATCH,
    netns,
  });
  const wallNs = Number(process.hrtime.bigint() - before);
  parentPort!.postMessage({ wallNs, cpuNs: cpuNs() - cpuBefore } satisfies BurstResult);
});

/**
 * CPU time of this thread. getrusage(2) tells it as of the last clock tick or the last time that the thread slept, so it
 * sleeps for a moment first.
 */
function cpuNs(): number {
  Atomics.wait(NEVER, 0, 0, NAP_MS);
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1000;
}
