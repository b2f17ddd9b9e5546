/** From names in a scenario to places in the plan. */
import type { Plan } from '../emulator/plan.ts';
import { LabError } from '../errors.ts';
import type { PodPlace } from '../transports/transport.ts';
import type { PodRef } from './model.ts';

export function podPlace(plan: Plan, ref: PodRef): PodPlace {
  const cluster = plan.clusters.find(({ name }) => name === ref.cluster);
  const pod = cluster?.pods.find(({ name }) => name === ref.pod);
  const node = cluster?.nodes.find(({ name }) => name === pod?.node);
  if (pod === undefined || node === undefined) throw new LabError(`the lab has no pod ${ref.cluster}/${ref.pod}`);
  return { pod, node };
}
