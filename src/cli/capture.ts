/** `cilion capture`: the frames that cross a wire of a running lab, as a pcap file or a stream for Wireshark. */
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, rmSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type CapturedFrame, type CaptureDirection, FrameCapture, MAX_SNAP_LENGTH } from '../dataplane/capture.ts';
import { LabDirectory } from '../emulator/lab-directory.ts';
import { isAtWork, readOwner, thisProcess, writeOwner } from '../emulator/lab-owner.ts';
import { pcapHeader, pcapRecord } from '../emulator/wire/pcap.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import { DURATION, parseQuantity, UnitError } from '../input/units.ts';
import { findWirePoints, type NamedWire } from './capture-points.ts';
import type { Command, Options } from './command.ts';
import { untilInterrupted } from './interrupt.ts';

/** The programs send no wake-ups, which would cost more than the frames. */
const POLL_MS = 5;

interface Limits {
  readonly count: number;
  readonly durationMs: number;
  readonly directions: readonly CaptureDirection[];
}

export const capture: Command = {
  name: 'capture',
  summary: 'write the frames that cross a wire of a running lab, as they arrive, in pcap format',
  arguments: [
    { name: '<lab>', description: 'its id, as `cilion ls` shows it' },
    { name: '<wire>', description: 'a link by an end (AS#interface), a node (its LAN) or pod (cluster/name)' },
  ],
  options: [
    { flags: '--out <file>', description: 'where to; else the standard output, as in `… | wireshark -k -i -`' },
    { flags: '--count <n>', description: 'end after so many frames' },
    { flags: '--duration <time>', description: 'end after so long, such as 10s' },
    { flags: '--direction <ab|ba>', description: 'only one: ab leads from the end that is printed first' },
  ],
  needsRoot: true,
  needsBuild: true,
  async run([id = '', name = ''], options): Promise<ExitCode> {
    const limits = limitsOf(options);
    const lab = LabDirectory.open(id);
    const wire = findWirePoints(lab, lab.plan(), lab.topology(), name);
    const file = typeof options['out'] === 'string' ? options['out'] : undefined;
    if (file === undefined && process.stdout.isTTY) {
      throw new CilionError('a capture is no text for a terminal', {
        exitCode: 2,
        hint: 'write it to a file (--out), or into a pipe: … | wireshark -k -i -',
      });
    }
    const out = file === undefined ? process.stdout : createWriteStream(file);
    if (file !== undefined) await opened(out);
    const { frames, missed } = await untilInterrupted((signal) => record(lab, wire, limits, out, signal));
    process.stderr.write(`${frames} frames${missed === 0 ? ', none missed' : `, ${missed} missed: they came too fast`}\n`);
    return 0;
  },
};

function limitsOf(options: Options): Limits {
  const { count, duration, direction } = options;
  const frames = count === undefined ? Number.POSITIVE_INFINITY : /^\d{1,15}$/.test(String(count)) ? Number(count) : 0;
  if (frames === 0) throw new CilionError(`--count: "${count}" is no number of frames`, { exitCode: 2 });
  if (direction !== undefined && direction !== 'ab' && direction !== 'ba') {
    throw new CilionError(`--direction: "${direction}" is neither ab nor ba`, { exitCode: 2 });
  }
  const durationMs = duration === undefined ? Number.POSITIVE_INFINITY : milliseconds(String(duration));
  return { count: frames, durationMs, directions: direction === undefined ? ['ab', 'ba'] : [direction] };
}

function milliseconds(text: string): number {
  try {
    return parseQuantity(text, DURATION) / 1e6;
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    throw new CilionError(`--duration: ${error.message}`, { exitCode: 2, hint: `expected ${error.expected}` });
  }
}

/** Until a limit is reached, the reader goes, somebody interrupts, or the lab is taken down. */
async function record(
  lab: LabDirectory,
  { ends: [a, b], points }: NamedWire,
  { count, durationMs, directions }: Limits,
  out: Writable,
  interrupt: AbortSignal,
): Promise<{ frames: number; missed: number }> {
  const chosen = points.filter((point) => point.kind === 'both' || directions.includes(point.direction));
  const release = claim(lab, chosen.map(({ ifindex }) => ifindex));
  let closed = false;
  // A reader that has seen enough (EPIPE) ends the capture like Ctrl-C.
  out.once('error', () => (closed = true));
  out.write(pcapHeader(MAX_SNAP_LENGTH));
  const frames = { written: 0 };
  try {
    const pins = (ifindex: number) => lab.path('bpf', `capture-${ifindex}`);
    const running = new FrameCapture(
      chosen.map((point) => ({ point, pins: pins(point.ifindex) })),
      MAX_SNAP_LENGTH,
    );
    const wanted = ({ direction }: CapturedFrame) => directions.includes(direction);
    const drain = async () => {
      const some = running.take().filter(wanted).slice(0, count - frames.written);
      if (some.length === 0 || closed) return;
      frames.written += some.length;
      if (!out.write(Buffer.concat(some.map(pcapRecord)))) await Promise.race([once(out, 'drain'), once(out, 'error')]);
    };
    const end = performance.now() + durationMs;
    try {
      process.stderr.write(`capturing ${a} → ${b} (ab)${directions.length === 2 ? ' and back (ba)' : `: only ${directions[0]}`}\n`);
      while (!interrupt.aborted && !closed && frames.written < count && performance.now() < end && existsSync(lab.root)) {
        await delay(Math.min(POLL_MS, Math.max(0, end - performance.now())));
        await drain();
      }
    } finally {
      running.stop();
    }
    await drain();
    if (out !== process.stdout) await ended(out);
    return { frames: frames.written, missed: running.missed() };
  } finally {
    release();
  }
}

/** Two captures at one device would stand in each other's way. @throws CilionError (exit code 2) that names the other */
function claim(lab: LabDirectory, ifindices: readonly number[]): () => void {
  const folders = ifindices.map((ifindex) => lab.path('captures', String(ifindex)));
  for (const folder of folders) {
    const owner = readOwner(folder);
    if (owner !== undefined && isAtWork(owner)) {
      throw new CilionError(`this wire is being captured by \`${owner.command}\` (pid ${owner.pid})`, { exitCode: 2 });
    }
  }
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    writeOwner(folder, thisProcess());
  }
  return () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
}

/** @throws CilionError (exit code 2) when the file cannot be written */
async function opened(out: Writable): Promise<void> {
  try {
    await once(out, 'open');
  } catch (error) {
    throw new CilionError(`--out: ${(error as Error).message}`, { exitCode: 2 });
  }
}

async function ended(out: Writable): Promise<void> {
  out.end();
  await once(out, 'close');
}
