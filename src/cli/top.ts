/** `cilion top`: what happens in a running lab, every second. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { macsOf } from '../dataplane/node-paths.ts';
import { LabDirectory } from '../emulator/lab-directory.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import { computedControlPlane } from '../scion/control-plane.ts';
import type { Command } from './command.ts';
import { untilInterrupted } from './interrupt.ts';
import { asName } from './lab-names.ts';
import { type Rates, ratesBetween } from './top-rates.ts';
import { LabReader, type PathReading } from './top-readings.ts';
import { screenOf } from './top-screen.ts';

const INTERVAL_MS = 1000;
/** Another screen, that leaves the terminal's own as it was, without cursor; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
/** To the upper left; to the end of the line; to the end of the screen. */
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_REST = '\u001b[J';
const CTRL_C = '\u0003';

export const top: Command = {
  name: 'top',
  summary: 'show the rates of wires, ASes and paths of a running lab, every second',
  arguments: [{ name: '<lab>', description: 'its id, as `cilion ls` shows it' }],
  options: [
    { flags: '--once', description: 'one second, printed as a table; so too where the output is no terminal' },
    { flags: '--json', description: 'one second, printed as one JSON value' },
  ],
  needsRoot: true,
  needsBuild: true,
  async run([id = ''], options): Promise<ExitCode> {
    const lab = LabDirectory.open(id);
    const reader = await LabReader.open(lab);
    try {
      const live = options['once'] !== true && options['json'] !== true && process.stdout.isTTY;
      if (live) await watch(lab, reader);
      else await once(lab, reader, options['json'] === true);
    } finally {
      reader.close();
    }
    return 0;
  },
};

async function once(lab: LabDirectory, reader: LabReader, json: boolean): Promise<void> {
  const viaOf = pathNames(lab);
  const before = await reader.read();
  await delay(INTERVAL_MS);
  const rates = ratesBetween(before, await reader.read(), viaOf);
  const screen = { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY, colour: process.stdout.isTTY };
  const text = json ? JSON.stringify(rates, null, 2) : screenOf(titleOf(lab, reader, rates), rates, screen).join('\n');
  process.stdout.write(`${text}\n`);
}

/** Until `q`, Ctrl-C, or the lab's end. */
async function watch(lab: LabDirectory, reader: LabReader): Promise<void> {
  const viaOf = pathNames(lab);
  await untilInterrupted(async (interrupt) => {
    const keys = new AbortController();
    const ended = AbortSignal.any([interrupt, keys.signal]);
    const release = onQuit(() => keys.abort());
    process.stdout.write(ENTER);
    try {
      let before = await reader.read();
      while (!ended.aborted) {
        await delay(INTERVAL_MS, undefined, { signal: ended }).catch(() => {});
        if (ended.aborted) break;
        if (!existsSync(lab.root)) throw new CilionError(`lab ${lab.id} has been taken down`, { exitCode: 3 });
        const now = await reader.read();
        draw(lab, reader, ratesBetween(before, now, viaOf));
        before = now;
      }
    } finally {
      process.stdout.write(LEAVE);
      release();
    }
  });
}

/** Keys are read one by one meanwhile, so Ctrl-C is one of them. */
function onQuit(quit: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const onKey = (key: Buffer) => {
    if (['q', 'Q', CTRL_C].includes(key.toString())) quit();
  };
  stdin.setRawMode(true).on('data', onKey);
  return () => {
    stdin.off('data', onKey).setRawMode(false).pause();
  };
}

function draw(lab: LabDirectory, reader: LabReader, rates: Rates): void {
  const { columns, rows } = process.stdout;
  const screen = { columns, rows, colour: process.env['NO_COLOR'] === undefined };
  const lines = screenOf(`${titleOf(lab, reader, rates)} · q ends`, rates, screen);
  process.stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_REST}`);
}

function titleOf(lab: LabDirectory, reader: LabReader, rates: Rates): string {
  const without = reader.hasDataplane ? '' : ' · no SCION dataplane is attached: only wires';
  return `lab ${lab.id} · over ${rates.seconds.toFixed(1)} s${without}`;
}

/** Which ASes a path leads through, found by the MACs of its hop fields among the paths that the lab has. */
function pathNames(lab: LabDirectory): (path: PathReading) => string {
  const plan = lab.plan();
  const topology = lab.topology();
  const control = computedControlPlane(topology, plan.seed, lab.validity());
  const sources = new Map(
    plan.clusters.flatMap(({ name, ia, nodes }) => nodes.map((node) => [`${name}/${node.name}`, ia])),
  );
  const names = new Map<string, string>();
  return (path) => {
    const known = names.get(path.macs);
    if (known !== undefined) return known;
    const src = sources.get(path.from);
    const found = src === undefined ? [] : control.paths(src, path.dst);
    const same = found.find(({ raw }) => macsOf(raw) === path.macs);
    const name =
      same?.hops.map(({ ia, egress }) => `${asName(topology, ia)}${egress === 0 ? '' : `#${egress}`}`).join(' ') ?? '?';
    names.set(path.macs, name);
    return name;
  };
}
