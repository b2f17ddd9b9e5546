/** `cilion router`: the XDP border router alone, from a SCION configuration folder. docs/router.md is its manual. */
import { once } from 'node:events';
import type { ReasonCount } from '../dataplane/counters.ts';
import { type SlowPathKind, StandaloneRouter } from '../dataplane/standalone/standalone-router.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import { readRouterFolder } from '../scion/router-folder.ts';
import type { Command } from './command.ts';

const SLOW_PATHS: readonly SlowPathKind[] = ['reference', 'none'];
/** Not SIGUSR1, on which Node opens its debugger's port. */
const SHOW_COUNTERS = 'SIGUSR2';

export const router: Command = {
  name: 'router',
  summary: 'run the XDP border router of one AS in the current network namespace, until SIGTERM or Ctrl-C',
  arguments: [],
  options: [
    {
      flags: '--config <folder>',
      description: 'topology.json, router.toml and keys/, as the reference router has them',
    },
    {
      flags: '--slow-path <kind>',
      description:
        '`reference`: what XDP does not finish goes to the router that listens on the same addresses; `none`: dropped',
      default: 'reference',
    },
  ],
  needsRoot: true,
  needsBuild: true,
  async run(_args, options): Promise<ExitCode> {
    const slowPath = SLOW_PATHS.find((kind) => kind === options['slowPath']);
    if (slowPath === undefined)
      throw wrong(`--slow-path: there is no "${options['slowPath']}"`, SLOW_PATHS.join(' or '));
    if (typeof options['config'] !== 'string') throw wrong('--config is missing', 'the folder with topology.json');
    const folder = await readRouterFolder(options['config']);
    const running = await StandaloneRouter.start(folder, { slowPath, onChange: say });
    const show = () => say(`counters of ${folder.id}\n${table(running.counters())}`);
    process.on(SHOW_COUNTERS, show);
    const ended = Promise.race(['SIGTERM', 'SIGINT', 'SIGHUP'].map((name) => once(process, name)));
    for (const what of running.left) say(`left to the slow path: ${what}`);
    const links = running.tables.plan.links.length;
    process.stdout.write(`router ${folder.id} of ${folder.ia}: ${links} links on ${running.devices.join(', ')}\n`);
    await ended;
    show();
    process.off(SHOW_COUNTERS, show);
    await running.close();
    return 0;
  },
};

function wrong(message: string, hint: string): CilionError {
  return new CilionError(message, { exitCode: 2, hint });
}

function say(message: string): void {
  process.stderr.write(`cilion router: ${message}\n`);
}

function table(counts: readonly ReasonCount[]): string {
  if (counts.length === 0) return '  no packet yet';
  return counts
    .map(({ packets, bytes, outcome, reason, text }) => {
      return `  ${String(packets).padStart(10)} packets ${String(bytes).padStart(12)} bytes  ${outcome.padEnd(4)} ${reason}: ${text}`;
    })
    .join('\n');
}
