/** `cilion up`: builds a scenario's lab and leaves it running, to look into it. */
import { Lab } from '../emulator/lab.ts';
import { planLab } from '../emulator/plan-lab.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import { Progress } from '../report/progress.ts';
import { loadScenario } from '../scenario/load.ts';
import type { TransportName } from '../scenario/model.ts';
import { requireReachability } from '../scenario/reachability.ts';
import { TRANSPORTS } from '../transports/transports.ts';
import type { Command, Options } from './command.ts';
import { interruptible } from './interrupt.ts';

export const up: Command = {
  name: 'up',
  summary: 'build the lab of a scenario and leave it running',
  arguments: [{ name: '<scenario>', description: 'scenario file' }],
  options: [
    { flags: '--transport <name>', description: "what carries pods' traffic between clusters", default: 'cilion' },
    { flags: '--id <id>', description: 'what the lab is called, for scripts; by default a word of five letters' },
  ],
  needsRoot: true,
  needsBuild: true,
  async run([file = ''], options): Promise<ExitCode> {
    const transport = TRANSPORTS[String(options['transport']) as TransportName];
    if (transport === undefined) {
      throw new CilionError(`--transport: there is no transport "${options['transport']}"`, {
        exitCode: 2,
        hint: `transports: ${Object.keys(TRANSPORTS).join(', ')}`,
      });
    }
    const scenario = await loadScenario(file);
    const progress = new Progress();
    const id = await interruptible(async (signal) => {
      const lab = await progress.stage('build the lab', () =>
        Lab.build(planLab(scenario), { topology: scenario.topology, detached: true, signal, ...chosenId(options) }),
      );
      try {
        await progress.stage('BGP converges', () => lab.bgp.converge(signal));
        await progress.stage(`attach ${transport.name}`, async () => {
          const attached = await transport.attach(lab);
          await requireReachability(lab, transport, attached, signal);
          await attached.release();
        });
      } catch (error) {
        await lab.destroy();
        throw error;
      }
      lab.leave();
      return lab.directory.id;
    });
    process.stdout.write(
      `lab ${id} runs. Look into it: cilion paths ${id} <src> <dst> · cilion drops ${id}\nTake it down: cilion destroy ${id}\n`,
    );
    return 0;
  },
};

function chosenId({ id }: Options): { id?: string } {
  return typeof id === 'string' ? { id } : {};
}
