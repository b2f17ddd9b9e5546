/** What `cilion apply` has changed and what is in force by it, for people. */
import type { Change } from '../k8s/changes.ts';
import type { PolicyInForce } from '../k8s/policy/in-force.ts';
import type { DestinationReport } from '../k8s/policy/report.ts';

/** As `cilion apply --json` prints it. */
export interface Applied {
  readonly lab: string;
  readonly cluster: string;
  readonly changes: readonly Change[];
  /** All of the cluster. */
  readonly policies: readonly PolicyInForce[];
  /** Whether a prober judges the paths. */
  readonly probed: boolean;
}

const NOT_SATISFIED: Readonly<Record<Exclude<DestinationReport['inForce'], 'Paths'>, string>> = {
  Blocked: 'packets are dropped',
  AnyPath: 'packets take the paths of pods without a policy',
  PlainIP: 'packets are left to plain IP',
};

export function appliedText({ changes, policies, probed }: Applied): string {
  const lines = [
    ...changes.map(({ kind, name, outcome }) => `${kind.toLowerCase()}/${name} ${outcome}`),
    ...policies.flatMap((policy) => ['', ...policyLines(policy)]),
    ...(probed ? [] : ['', 'nobody probes the paths of this lab: one that fails is not left']),
  ];
  return `${lines.join('\n')}\n`;
}

function policyLines({ name, pods, message, destinations }: PolicyInForce): string[] {
  return [
    `${name}, for ${pods.length === 0 ? 'no pod' : pods.join(', ')}`,
    ...(destinations.length === 0 ? [`  ${message}`] : destinations.flatMap(destinationLines)),
  ];
}

function destinationLines({ as, inForce, paths, refused }: DestinationReport): string[] {
  const reasons = refused.map(({ reason, paths: count }) => `    ${count} refused: ${reason}`);
  const shown = paths.map(({ hops, latency, mtu, weight }) => {
    const share = weight === undefined ? '' : `weight ${weight}  `;
    return `    ${latency.padStart(7)}  MTU ${mtu}  ${share}${hops}`;
  });
  if (inForce === 'Paths') return [`  to ${as}`, ...shown];
  return [`  to ${as}: no path is as it must be, ${NOT_SATISFIED[inForce]}`, ...shown, ...reasons];
}
