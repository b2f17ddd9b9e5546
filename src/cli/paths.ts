/** `cilion paths`: the SCION paths between two ASes of a running lab. */
import { LabDirectory } from '../emulator/lab-directory.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import { computedControlPlane } from '../scion/control-plane.ts';
import type { Path } from '../scion/end-to-end-path.ts';
import type { IsdAs, Topology } from '../topology/model.ts';
import type { Command } from './command.ts';

export const paths: Command = {
  name: 'paths',
  summary: 'list the SCION paths between two ASes of a running lab',
  arguments: [
    { name: '<lab>', description: 'its id, as `cilion ls` shows it' },
    { name: '<src>', description: 'ISD-AS, label or cluster' },
    { name: '<dst>', description: 'ISD-AS, label or cluster' },
  ],
  options: [{ flags: '--json', description: 'one JSON value instead of a table' }],
  needsRoot: false,
  needsBuild: false,
  async run([id = '', src = '', dst = ''], options): Promise<ExitCode> {
    const lab = LabDirectory.open(id);
    const topology = lab.topology();
    const plan = lab.plan();
    const clusters = new Map(plan.clusters.map(({ name, ia }) => [name, ia]));
    const control = computedControlPlane(topology, plan.seed, lab.validity());
    const found = control.paths(resolve(topology, clusters, src), resolve(topology, clusters, dst));
    process.stdout.write(options['json'] === true ? `${JSON.stringify(found.map(plain), null, 2)}\n` : table(found));
    return 0;
  },
};

function resolve(topology: Topology, clusters: ReadonlyMap<string, IsdAs>, name: string): IsdAs {
  const as = topology.ases.find(({ ia, label }) => ia === name || label === name);
  const found = as?.ia ?? clusters.get(name);
  if (found !== undefined) return found;
  const known = topology.ases.map(({ ia, label }) => (label === undefined ? ia : `${ia} (${label})`));
  throw new CilionError(`the lab has no AS "${name}"`, { exitCode: 2, hint: `it has ${known.join(', ')}` });
}

function plain(path: Path): object {
  return { ...path, raw: Buffer.from(path.raw).toString('hex') };
}

function table(found: readonly Path[]): string {
  const rows = found.map((path) => {
    const latency = `${(path.latencyNs / 1e6).toFixed(1)} ms`.padStart(9);
    const expiry = new Date(path.expiry * 1000).toISOString().slice(0, 19).replace('T', ' ');
    return `${latency}  MTU ${path.mtu}  until ${expiry} UTC  ${path.fingerprint.slice(0, 12)}  ${hops(path)}\n`;
  });
  return `${found.length} paths\n${rows.join('')}`;
}

/** `1-ff00:0:110 2>1 1-ff00:0:111`: AS, interface out, interface in, AS. */
function hops(path: Path): string {
  return path.hops
    .map(({ ia, ingress, egress }) => `${ingress === 0 ? '' : `${ingress} `}${ia}${egress === 0 ? '' : ` ${egress}>`}`)
    .join('');
}
