/** A part of a scenario, as asked for on the command line. */
import { CilionError } from '../errors.ts';
import type { Scenario, TransportName } from './model.ts';

export interface Narrowing {
  /** Names separated by commas. */
  readonly transport?: string | undefined;
  readonly repeat?: string | undefined;
}

/** @throws CilionError (exit code 2) for a transport that the scenario does not name and a count that is none. */
export function narrow(scenario: Scenario, { transport, repeat }: Narrowing): Scenario {
  const transports = transport === undefined ? scenario.transports : transportsNamed(scenario, transport.split(','));
  return {
    ...scenario,
    transports,
    assertions: scenario.assertions.filter((assertion) => transports.includes(assertion.transport)),
    repeat: repeat === undefined ? scenario.repeat : count(repeat),
  };
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
