/** Labs of chains of different lengths, all of them up at once, so that lengths can be measured in turn. */
import { Lab } from '../emulator/lab.ts';
import { planLab } from '../emulator/plan-lab.ts';
import type { ControlPlaneKind, TransportName } from '../scenario/model.ts';
import { podPlace } from '../scenario/places.ts';
import type { PodPlace } from '../transports/transport.ts';
import { TRANSPORTS } from '../transports/transports.ts';
import { CHAIN_ENDS, chainScenario } from './chain-topology.ts';
import { POD } from './generated-scenario.ts';

export interface ChainLab {
  /** ASes between the two clusters. */
  readonly transits: number;
  readonly lab: Lab;
  readonly from: PodPlace;
  readonly to: PodPlace;
}

export interface ChainLabOptions {
  readonly controlPlane: ControlPlaneKind;
  readonly transports: readonly TransportName[];
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Runs `body` with the labs built, BGP converged, SCION paths known and programs loaded; then they are gone, whatever happens. */
export async function withChainLabs<T>(
  transits: readonly number[],
  options: ChainLabOptions,
  body: (labs: readonly ChainLab[]) => Promise<T>,
): Promise<T> {
  const labs: ChainLab[] = [];
  try {
    for (const count of transits) labs.push(await build(count, options));
    for (const { lab } of labs) await prepare(lab, options);
    return await body(labs);
  } finally {
    for (const { lab } of labs) await lab.destroy();
  }
}

async function build(transits: number, { controlPlane, seed, signal }: ChainLabOptions): Promise<ChainLab> {
  signal.throwIfAborted();
  const scenario = chainScenario(transits, { controlPlane, seed });
  const lab = await Lab.build(planLab(scenario), { topology: scenario.topology, detached: false, signal });
  const place = (cluster: string) => podPlace(lab.plan, { cluster, pod: POD });
  return { transits, lab, from: place(CHAIN_ENDS.from), to: place(CHAIN_ENDS.to) };
}

async function prepare(lab: Lab, { transports, signal }: ChainLabOptions): Promise<void> {
  await Promise.all([lab.bgp.converge(AbortSignal.any([signal, lab.watch.signal])), lab.learnPaths()]);
  for (const name of transports) await TRANSPORTS[name].load?.(lab);
  signal.throwIfAborted();
}
