/** Leaves a lab's paths to a prober in the background: what is left running judges its paths as a run does. */
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../emulator/lab.ts';
import type { LabDirectory } from '../emulator/lab-directory.ts';
import { processesIn } from '../emulator/namespace-processes.ts';
import type { Plan } from '../emulator/plan.ts';
import { LabError } from '../errors.ts';
import type { ProberConfig } from '../k8s/agent/prober-process.ts';
import { start } from '../process/process.ts';

const SCRIPT = 'prober-process.ts';
const ENTRY = fileURLToPath(new URL(`../k8s/agent/${SCRIPT}`, import.meta.url));

/** Resolves when it probes. Whoever takes the lab down ends it. @throws LabError when it ends at once */
export async function leaveProber(lab: Lab): Promise<void> {
  const nodes = lab.plan.clusters.flatMap(({ nodes: members }) => members);
  const [first] = nodes;
  if (first === undefined) return;
  const config: ProberConfig = {
    nodes: nodes.map(({ namespace }) => ({
      pins: lab.directory.path('bpf', namespace),
      netns: lab.netns(namespace),
    })),
  };
  const files = { config: configOf(lab.directory), log: lab.directory.path('work', 'prober.log') };
  writeFileSync(files.config, JSON.stringify(config));
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  // In a namespace of the lab, so that undoing the journal ends it.
  const prober = start([process.execPath, ENTRY, files.config], {
    netns: lab.netns(first.namespace),
    stderrFile: files.log,
    detached: true,
    onStdoutLine: () => resolve(),
  });
  const gone = prober.exited.then(({ code, signal }) => {
    throw new LabError(`the prober of the paths ended at once (${signal ?? code})`, { hint: `see ${files.log}` });
  });
  await Promise.race([ready, gone]);
}

function configOf(lab: LabDirectory): string {
  return lab.path('work', 'prober.json');
}

/** Whether CilION is what the lab has been left with, on nodes that the lab has made itself. */
export function leftToProber(lab: LabDirectory): boolean {
  return existsSync(configOf(lab));
}

/** Has the lab's prober look which paths there are now. False where none is at work. */
export function tellProber(lab: LabDirectory, plan: Plan): boolean {
  const names = plan.clusters.flatMap(({ nodes }) => nodes.map(({ namespace }) => lab.namespaceName(namespace)));
  const probers = processesIn(names).filter(({ command }) => command.includes(SCRIPT));
  for (const { pid } of probers) process.kill(pid, 'SIGHUP');
  return probers.length > 0;
}
