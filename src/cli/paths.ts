/** `cilion paths`: the SCION paths between two ASes of a running lab. */
import { LabDirectory } from '../emulator/lab-directory.ts';
import { labPaths } from '../emulator/lab-paths.ts';
import type { ExitCode } from '../errors.ts';
import type { Path } from '../scion/end-to-end-path.ts';
import type { Command } from './command.ts';
import { findLabAs } from './lab-names.ts';

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
    const [plan, topology] = [lab.plan(), lab.topology()];
    const [from, to] = [findLabAs(plan, topology, src), findLabAs(plan, topology, dst)];
    const found = (await labPaths(lab, from, [to])).get(to) ?? [];
    process.stdout.write(options['json'] === true ? `${JSON.stringify(found.map(plain), null, 2)}\n` : table(found));
    return 0;
  },
};

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
