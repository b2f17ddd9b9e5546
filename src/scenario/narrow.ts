/** A scenario with what the command line asks for in place of what its file says. */
import { CilionError } from '../errors.ts';
import {
  CLUSTER_BACKENDS,
  type ClusterBackendName,
  type ControlPlaneKind,
  type Scenario,
  TRANSPORT_NAMES,
  type TransportName,
} from './model.ts';

const CONTROL_PLANES: readonly ControlPlaneKind[] = ['reference', 'computed'];

export interface Narrowing {
  /** Names separated by commas. */
  readonly transport?: string | undefined;
  readonly repeat?: string | undefined;
  readonly controlPlane?: string | undefined;
  /** What clusters are made of. */
  readonly clusters?: string | undefined;
}

/** @throws CilionError (exit code 2) for what there is not, and a count that is none. */
export function narrow(scenario: Scenario, { transport, repeat, controlPlane, clusters }: Narrowing): Scenario {
  const transports = transport === undefined ? scenario.transports : transportsNamed(transport.split(','));
  const backend = clusters === undefined ? scenario.backend : backendNamed(clusters);
  if (backend === 'kind') requireKindSuffices({ ...scenario, transports });
  return {
    ...scenario,
    transports,
    ...(backend === undefined ? {} : { backend }),
    controlPlane: controlPlaneFor({ ...scenario, transports }, controlPlane ?? scenario.controlPlane),
    assertions: scenario.assertions.filter((assertion) => transports.includes(assertion.transport)),
    repeat: repeat === undefined ? scenario.repeat : count(repeat),
  };
}

function backendNamed(name: string): ClusterBackendName {
  const backend = CLUSTER_BACKENDS.find((each) => each === name);
  if (backend !== undefined) return backend;
  throw new CilionError(`--clusters: there is no "${name}"`, { exitCode: 2, hint: CLUSTER_BACKENDS.join(' or ') });
}

function requireKindSuffices(scenario: Scenario): void {
  requireAgentsSuffice(scenario);
  if (!scenario.timeline.some(({ event }) => event === 'apply')) return;
  throw new CilionError('the timeline has an apply event, which clusters made by kind do not take yet', {
    exitCode: 2,
    hint: '--clusters netns, or `cilion up --clusters kind` and kubectl',
  });
}

/** An agent in a pod puts no program on wires that carry no SCION of their own, by which routed packets come in. */
function requireAgentsSuffice({ transports, topology, clusters }: Scenario): void {
  if (!transports.includes('cilion')) return;
  const routed = topology.links.filter(({ underlay }) => underlay === 'internet').flatMap(({ a, b }) => [a, b]);
  const found = clusters.find(({ ia }) => routed.some((end) => end.ia === ia));
  if (found === undefined) return;
  throw new CilionError(
    `cluster ${found.name} has a link with underlay internet, which cilion does not carry on kind`,
    {
      exitCode: 2,
      hint: '--clusters netns, or another transport',
    },
  );
}

function controlPlaneFor(scenario: Scenario, name: string): ControlPlaneKind {
  const controlPlane = CONTROL_PLANES.find((each) => each === name);
  if (controlPlane === undefined) {
    throw new CilionError(`--control-plane: there is no "${name}"`, { exitCode: 2, hint: CONTROL_PLANES.join(' or ') });
  }
  if (controlPlane === 'computed') {
    const needing = [
      ...(scenario.referenceRouters.length > 0 ? ['referenceRouters'] : []),
      ...(scenario.transports.includes('sig') ? ['transport sig'] : []),
    ];
    if (needing.length > 0) {
      const names = needing.join(' and ');
      throw new CilionError(`--control-plane: ${scenario.source} has ${names}, which the reference brings`, {
        exitCode: 2,
      });
    }
  }
  return controlPlane;
}

/** Any, also those that the scenario does not name: it then judges nothing of them, but measures. */
function transportsNamed(names: readonly string[]): TransportName[] {
  const unknown = names.find((name) => !TRANSPORT_NAMES.some((transport) => transport === name));
  if (unknown !== undefined) {
    throw new CilionError(`--transport: there is no transport "${unknown}"`, {
      exitCode: 2,
      hint: `transports: ${TRANSPORT_NAMES.join(', ')}`,
    });
  }
  return TRANSPORT_NAMES.filter((transport) => names.includes(transport));
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new CilionError(`--repeat: "${text}" is no whole number from 1 to 1000`, { exitCode: 2 });
}
