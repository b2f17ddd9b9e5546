/** A part of a scenario, as asked for on the command line. */
import { CilionError } from '../errors.ts';
import type { ControlPlaneKind, Scenario, TransportName } from './model.ts';

const CONTROL_PLANES: readonly ControlPlaneKind[] = ['reference', 'computed'];

export interface Narrowing {
  /** Names separated by commas. */
  readonly transport?: string | undefined;
  readonly repeat?: string | undefined;
  readonly controlPlane?: string | undefined;
}

/** @throws CilionError (exit code 2) for what the scenario does not have, and a count that is none. */
export function narrow(scenario: Scenario, { transport, repeat, controlPlane }: Narrowing): Scenario {
  const transports = transport === undefined ? scenario.transports : transportsNamed(scenario, transport.split(','));
  return {
    ...withControlPlane(scenario, controlPlane),
    transports,
    assertions: scenario.assertions.filter((assertion) => transports.includes(assertion.transport)),
    repeat: repeat === undefined ? scenario.repeat : count(repeat),
  };
}

/** With the paths of another control plane than the file names. */
export function withControlPlane(scenario: Scenario, name: string | undefined): Scenario {
  if (name === undefined) return scenario;
  const controlPlane = CONTROL_PLANES.find((each) => each === name);
  if (controlPlane === undefined) {
    throw new CilionError(`--control-plane: there is no "${name}"`, { exitCode: 2, hint: CONTROL_PLANES.join(' or ') });
  }
  if (controlPlane === 'computed' && scenario.referenceRouters.length > 0) {
    throw new CilionError(`--control-plane: ${scenario.source} names referenceRouters, which need the reference`, {
      exitCode: 2,
    });
  }
  return { ...scenario, controlPlane };
}

function transportsNamed(scenario: Scenario, names: readonly string[]): TransportName[] {
  const unknown = names.find((name) => !scenario.transports.some((transport) => transport === name));
  if (unknown !== undefined) {
    throw new CilionError(`--transport: ${scenario.source} has no transport "${unknown}"`, {
      exitCode: 2,
      hint: `it has ${scenario.transports.join(', ')}`,
    });
  }
  return scenario.transports.filter((transport) => names.includes(transport));
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new CilionError(`--repeat: "${text}" is no whole number from 1 to 1000`, { exitCode: 2 });
}
