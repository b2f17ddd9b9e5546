/** `cilion drops`: what the BPF programs of a running lab did not forward, by AS and reason. */
import { existsSync } from 'node:fs';
import type { ReasonCount } from '../dataplane/counters.ts';
import { NodeDataplane } from '../dataplane/node.ts';
import { BorderRouterDataplane } from '../dataplane/router.ts';
import { LabDirectory } from '../emulator/lab-directory.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import { ROUTERS_PINS } from '../transports/cilion.ts';
import type { Command } from './command.ts';

interface Row extends ReasonCount {
  readonly place: string;
}

export const drops: Command = {
  name: 'drops',
  summary: 'show what the border routers and nodes of a running lab dropped, by AS and reason',
  arguments: [{ name: '<lab>', description: 'its id, as `cilion ls` shows it' }],
  options: [
    { flags: '--all', description: 'also what was forwarded and delivered' },
    { flags: '--json', description: 'one JSON value instead of a table' },
  ],
  needsRoot: true,
  needsBuild: true,
  async run([id = ''], options): Promise<ExitCode> {
    const lab = LabDirectory.open(id);
    const rows = readRows(lab).filter((row) => options['all'] === true || row.outcome !== 'done');
    const slowPath = lab.plan().controlPlane === 'reference';
    process.stdout.write(options['json'] === true ? `${JSON.stringify(rows, null, 2)}\n` : table(rows, slowPath));
    return 0;
  },
};

function readRows(lab: LabDirectory): Row[] {
  const routers = lab.path('bpf', ROUTERS_PINS);
  if (!existsSync(routers)) {
    throw new CilionError(`lab ${lab.id} has no BPF dataplane attached now`, {
      exitCode: 2,
      hint: 'only the transport cilion has one; `cilion up` attaches it',
    });
  }
  const plan = lab.plan();
  const transit = BorderRouterDataplane.reopen(routers);
  const rows = plan.ases
    .filter((as) => as.cluster === undefined && as.router === 'xdp')
    .flatMap((as) => transit.counters(as.slot).map((count) => ({ place: as.ia as string, ...count })));
  const nodes = plan.clusters.flatMap(({ name, ia, nodes: members }) =>
    members.flatMap((node) =>
      NodeDataplane.reopen(lab.path('bpf', node.namespace))
        .counters(0)
        .map((count) => ({ place: `${ia} ${name}/${node.name}`, ...count })),
    ),
  );
  return [...rows, ...nodes];
}

function table(rows: readonly Row[], slowPath: boolean): string {
  if (rows.length === 0) return 'nothing was dropped\n';
  const width = Math.max(...rows.map(({ place }) => place.length));
  return rows
    .map(({ place, packets, bytes, reason, outcome, text }) => {
      const numbers = `${String(packets).padStart(10)} packets ${String(bytes).padStart(12)} bytes`;
      const handedOver = slowPath && outcome === 'slow' ? ' (left to the slow path)' : '';
      return `${place.padEnd(width)} ${numbers}  ${reason}: ${text}${handedOver}\n`;
    })
    .join('');
}
