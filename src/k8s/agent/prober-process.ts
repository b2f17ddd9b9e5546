/**
 * Probes the paths of a lab that its command has left: `node prober-process.ts <config.json>`. Prints one line when it
 * probes, and goes on until SIGTERM; then nobody judges the paths any more. SIGHUP has it look which paths there are now.
 * Should it be killed, all paths fall silent at once, which the dataplane takes for what it is.
 */
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { NodeDataplane } from '../../dataplane/node.ts';
import { NodePaths } from '../../dataplane/node-paths.ts';
import { LAPSE_MS, PROBE_INTERVAL_MS } from './node-agent.ts';

const LAPSE_NS = BigInt(LAPSE_MS) * 1_000_000n;

export interface ProberConfig {
  /** For each node: the folder of its pinned maps and the path of its namespace. */
  readonly nodes: readonly { readonly pins: string; readonly netns: string }[];
}

interface Probed {
  readonly dataplane: NodeDataplane;
  readonly netns: string;
  readonly ids: readonly number[];
}

/** As the maps have them now, opened anew: an id may be another path's. Those that are judged already are not forgiven. */
function pathsOf({ pins, netns }: ProberConfig['nodes'][number]): Probed {
  const dataplane = NodeDataplane.reopen(pins);
  const ids = [...new Set(new NodePaths(pins).read().map(({ id }) => id))];
  for (const id of ids) if (dataplane.health.read(id).lapseNs === 0n) dataplane.health.setLapse(id, LAPSE_NS);
  return { dataplane, netns, ids };
}

/** One node after the other: probes go on meanwhile. */
async function lookAgain(nodes: ProberConfig['nodes'], probed: Probed[]): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    probed[index] = pathsOf(node);
    await setImmediate();
  }
}

function main(file: string | undefined): void {
  if (file === undefined) throw new Error('prober-process.ts needs the path of its configuration');
  const { nodes } = JSON.parse(readFileSync(file, 'utf8')) as ProberConfig;
  const probed = nodes.map(pathsOf);
  process.on('SIGTERM', () => {
    for (const { dataplane, ids } of probed) for (const id of ids) dataplane.health.setLapse(id, 0n);
    process.exit(0);
  });
  process.on('SIGHUP', () => void lookAgain(nodes, probed));
  setInterval(() => {
    for (const { dataplane, netns, ids } of probed) dataplane.sendProbes(ids, netns);
  }, PROBE_INTERVAL_MS);
  process.stdout.on('error', () => {}); // Whoever started it may have gone.
  process.stdout.write('probing\n');
}

main(process.argv[2]);
