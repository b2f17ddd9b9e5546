/** What is in force of a policy, for its status: the same from every node of a cluster. Pure. */
import type { Path } from '../../scion/end-to-end-path.ts';
import type { IsdAs } from '../../topology/model.ts';
import { type Decision, decide } from './decision.ts';
import type { PathPolicy } from './model.ts';

export interface DestinationReport {
  readonly as: IsdAs;
  readonly inForce: Decision['inForce'];
  readonly paths: readonly {
    readonly hops: string;
    readonly latency: string;
    readonly mtu: number;
    readonly weight?: number;
  }[];
  readonly refused: readonly { readonly reason: string; readonly paths: number }[];
}

export interface PolicyReport {
  /** Whether some path is as the policy wants it, towards every destination. */
  readonly satisfied: boolean;
  /** In one word: `PathsInForce`, `Blocked`, `AnyPath`, `PlainIP` or `NoDestination`. */
  readonly reason: string;
  readonly message: string;
  readonly destinations: readonly DestinationReport[];
}

/** More reasons than these are no help. */
const MAX_REASONS = 8;
/** No node's own interfaces count: the status is the cluster's. */
const NOWHERE = { interfaces: [] };

export function reportOf(
  policy: PathPolicy,
  destinations: readonly IsdAs[],
  pathsTo: (ia: IsdAs) => readonly Path[],
): PolicyReport {
  const concerned = destinations.filter((ia) => policy.destination === undefined || policy.destination === ia);
  const reports = concerned.map((as): DestinationReport => {
    const { inForce, paths, mode, refused } = decide(policy, pathsTo(as), NOWHERE, NOWHERE);
    return {
      as,
      inForce,
      paths: paths.map(({ path, weight }) => ({
        hops: hopsOf(path),
        latency: `${+(path.latencyNs / 1e6).toFixed(3)}ms`,
        mtu: path.mtu,
        ...(mode === 'weighted' ? { weight } : {}),
      })),
      refused: [...refused]
        .slice(0, MAX_REASONS)
        .map(([reason, count]) => ({ reason: `the path ${reason}`, paths: count })),
    };
  });
  return { ...summary(reports), destinations: reports };
}

function summary(reports: readonly DestinationReport[]): Pick<PolicyReport, 'satisfied' | 'reason' | 'message'> {
  if (reports.length === 0)
    return { satisfied: false, reason: 'NoDestination', message: 'no other cluster is known that the policy is for' };
  const failing = reports.find(({ inForce }) => inForce !== 'Paths');
  if (failing === undefined) {
    const each = reports.map(({ as, paths }) => `${paths.length} to ${as}`);
    return { satisfied: true, reason: 'PathsInForce', message: `paths in force: ${each.join(', ')}` };
  }
  const { as, inForce, refused } = failing;
  const [first] = refused;
  const why = first === undefined ? 'no path is known' : `${first.reason} (${first.paths} of ${total(failing)})`;
  return { satisfied: false, reason: inForce, message: `no path to ${as} is as the policy wants it: ${why}` };
}

function total({ refused }: DestinationReport): number {
  return refused.reduce((sum, { paths }) => sum + paths, 0);
}

/** `1-ff00:0:111 1>11 1-ff00:0:110`: interface out, interface in. */
function hopsOf({ hops }: Path): string {
  return hops
    .map(({ ia, ingress, egress }) => `${ingress === 0 ? '' : `${ingress} `}${ia}${egress === 0 ? '' : ` ${egress}>`}`)
    .join('');
}
