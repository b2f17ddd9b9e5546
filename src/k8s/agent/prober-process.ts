/**
 * Probes the paths of a lab that its command has left: `node prober-process.ts <config.json>`. Prints one line when it
 * probes, and goes on until SIGTERM; then nobody judges the paths any more. Should it be killed, all paths fall silent
 * at once, which the dataplane takes for what it is.
 */
import { readFileSync } from 'node:fs';
import { NodeDataplane } from '../../dataplane/node.ts';
import { NodePaths } from '../../dataplane/node-paths.ts';
import { LAPSE_MS, PROBE_INTERVAL_MS } from './node-agent.ts';

export interface ProberConfig {
  /** For each node: the folder of its pinned maps and the path of its namespace. */
  readonly nodes: readonly { readonly pins: string; readonly netns: string }[];
}

function main(file: string | undefined): void {
  if (file === undefined) throw new Error('prober-process.ts needs the path of its configuration');
  const { nodes } = JSON.parse(readFileSync(file, 'utf8')) as ProberConfig;
  const probed = nodes.map(({ pins, netns }) => {
    const ids = [...new Set(new NodePaths(pins).read().map(({ id }) => id))];
    return { dataplane: NodeDataplane.reopen(pins), netns, ids };
  });
  const setLapse = (lapseNs: bigint) => {
    for (const { dataplane, ids } of probed) for (const id of ids) dataplane.health.setLapse(id, lapseNs);
  };
  process.on('SIGTERM', () => {
    setLapse(0n);
    process.exit(0);
  });
  setLapse(BigInt(LAPSE_MS) * 1_000_000n);
  setInterval(() => {
    for (const { dataplane, netns, ids } of probed) dataplane.sendProbes(ids, netns);
  }, PROBE_INTERVAL_MS);
  process.stdout.on('error', () => {}); // Whoever started it may have gone.
  process.stdout.write('probing\n');
}

main(process.argv[2]);
