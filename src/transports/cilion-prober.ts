/** Leaves a lab's paths to a prober in the background: what is left running judges its paths as a run does. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../emulator/lab.ts';
import { LabError } from '../errors.ts';
import type { ProberConfig } from '../k8s/agent/prober-process.ts';
import { start } from '../process/process.ts';

const ENTRY = fileURLToPath(new URL('../k8s/agent/prober-process.ts', import.meta.url));

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
  const files = { config: lab.directory.path('work', 'prober.json'), log: lab.directory.path('work', 'prober.log') };
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
