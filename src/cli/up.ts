/** `cilion up`: builds a scenario's lab and leaves it running, to look into it. */
import type { Plan } from '../emulator/plan.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import { buildLab } from '../k8s/clusters/build-lab.ts';
import { Progress } from '../report/progress.ts';
import { loadScenario } from '../scenario/load.ts';
import { narrow } from '../scenario/narrow.ts';
import { requireReachability } from '../scenario/reachability.ts';
import { leftToProber } from '../transports/cilion-prober.ts';
import { TRANSPORTS } from '../transports/transports.ts';
import { CLUSTERS_OPTION } from './clusters-option.ts';
import type { Command, Options } from './command.ts';
import { interruptible } from './interrupt.ts';

export const up: Command = {
  name: 'up',
  summary: 'build the lab of a scenario and leave it running',
  arguments: [{ name: '<scenario>', description: 'scenario file' }],
  options: [
    { flags: '--transport <name>', description: "what carries pods' traffic between clusters", default: 'cilion' },
    {
      flags: '--control-plane <name>',
      description: "reference or computed, in place of the file's `controlPlane`",
    },
    CLUSTERS_OPTION,
    { flags: '--id <id>', description: 'what the lab is called, for scripts; by default a word of five letters' },
  ],
  needsRoot: true,
  needsBuild: true,
  async run([file = ''], options): Promise<ExitCode> {
    const scenario = narrow(await loadScenario(file), {
      transport: String(options['transport']),
      controlPlane: options['controlPlane'] as string | undefined,
      clusters: options['clusters'] as string | undefined,
    });
    const [name = 'cilion', ...others] = scenario.transports;
    if (others.length > 0) throw new CilionError('--transport: a lab that is left running has one', { exitCode: 2 });
    const transport = TRANSPORTS[name];
    const progress = new Progress();
    const { directory, plan } = await interruptible(async (signal) => {
      const lab = await progress.stage('build the lab', (detail) =>
        buildLab(scenario, { detached: true, signal, progress: detail, ...chosenId(options) }),
      );
      try {
        await progress.stage('BGP converges', () => lab.bgp.converge(signal));
        if (lab.plan.controlPlane === 'reference') await progress.stage('SCION paths', () => lab.learnPaths());
        await progress.stage(`attach ${transport.name}`, async () => {
          const attached = await transport.attach(lab);
          await requireReachability(lab, transport, attached, signal);
          attached.release();
          await attached.leave?.();
        });
      } catch (error) {
        await lab.destroy();
        throw error;
      }
      lab.leave();
      return lab;
    });
    process.stdout.write(nextSteps(directory.id, plan, leftToProber(directory)));
    return 0;
  },
};

/** What one can do with a lab, in commands that work as they stand. @param heedsPolicies `cilion apply` can change them */
function nextSteps(id: string, { clusters, links }: Plan, heedsPolicies: boolean): string {
  const [from, to] = clusters.map(({ name, pods }) => ({ name: `${name}/${pods[0]?.name}`, pod: pods[0] }));
  const [link] = links;
  const wire = link === undefined ? '<wire>' : `${link.a.ia}#${link.a.ifid}`;
  const traffic =
    from?.pod === undefined || to?.pod === undefined
      ? ''
      : `Make traffic:  cilion shell ${id} ${to.name} -- iperf3 -s -1 -D
               cilion shell ${id} ${from.name} -- iperf3 -c ${to.pod.address}
`;
  const [a = '<src>', b = '<dst>'] = clusters.map(({ name }) => name);
  const policies = heedsPolicies ? `Set policies:  cilion apply ${id} --cluster ${a} -f <manifests.yaml>\n` : '';
  return `lab ${id} runs.
Look into it:  cilion top ${id}
               cilion shell ${id} ${from?.pod === undefined ? '<namespace>' : from.name}
               cilion capture ${id} ${wire} | wireshark -k -i -
               cilion paths ${id} ${a} ${b}
               cilion drops ${id}
${policies}${traffic}Take it down:  cilion destroy ${id}
`;
}

function chosenId({ id }: Options): { id?: string } {
  return typeof id === 'string' ? { id } : {};
}
