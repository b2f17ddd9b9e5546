/** `cilion capture`: the frames that cross a wire of a running lab, as a pcap file or a stream for Wireshark. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type CaptureDirection, FrameCapture, MAX_SNAP_LENGTH } from '../dataplane/capture.ts';
import { claim } from '../emulator/claim.ts';
import { LabDirectory } from '../emulator/lab-directory.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import { DURATION, parseQuantity, UnitError } from '../input/units.ts';
import { findWirePoints, type NamedWire } from './capture-points.ts';
import type { Command, Options } from './command.ts';
import { untilInterrupted } from './interrupt.ts';
import { PcapOutput } from './pcap-output.ts';

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
    const out = await PcapOutput.open(typeof options['out'] === 'string' ? options['out'] : undefined);
    const { frames, missed } = await untilInterrupted((signal) => record(lab, wire, limits, out, signal));
    process.stderr.write(
      `${frames} frames${missed === 0 ? ', none missed' : `, ${missed} missed: they came too fast`}\n`,
    );
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

/** Until a limit is reached, nobody reads any more, somebody interrupts, or the lab is taken down. */
async function record(
  lab: LabDirectory,
  { ends: [a, b], points }: NamedWire,
  { count, durationMs, directions }: Limits,
  out: PcapOutput,
  interrupt: AbortSignal,
): Promise<{ frames: number; missed: number }> {
  const chosen = points.filter((point) => point.kind === 'both' || directions.includes(point.direction));
  // Two captures at one device would stand in each other's way.
  const folders = chosen.map(({ ifindex }) => lab.path('captures', String(ifindex)));
  const release = claim(folders, 'this wire is being captured');
  let frames = 0;
  try {
    const running = new FrameCapture(
      chosen.map((point) => ({ point, pins: lab.path('bpf', `capture-${point.ifindex}`) })),
      MAX_SNAP_LENGTH,
    );
    const drain = async () => {
      const wanted = running.take().filter(({ direction }) => directions.includes(direction));
      const some = wanted.slice(0, count - frames);
      frames += some.length;
      await out.write(some);
    };
    try {
      const ways = directions.length === 2 ? '(ab) and back (ba)' : `(ab), only ${directions[0]}`;
      process.stderr.write(`capturing ${a} → ${b} ${ways}\n`);
      const end = performance.now() + durationMs;
      const over = () => interrupt.aborted || out.over || frames >= count || !existsSync(lab.root);
      while (!over() && performance.now() < end) {
        await delay(Math.min(POLL_MS, Math.max(0, end - performance.now())));
        await drain();
      }
    } finally {
      running.stop();
    }
    await drain();
    await out.end();
    return { frames, missed: running.missed() };
  } finally {
    release();
  }
}
