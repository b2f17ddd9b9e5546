/** Where every AS has two border routers, which share its interfaces: what each of them receives. */
import type { Topology } from '../../src/topology/model.ts';
import { buildPacket } from '../model/packets.ts';
import { type Ingress, type RouterConfig, routePacket } from '../model/router.ts';
import { buildNetwork } from '../model/walk.ts';
import { allPaths, NOW, OPTIONS } from './meetings.ts';
import { SIBLING_NAME } from './node-bench.ts';

export interface Step {
  readonly router: RouterConfig;
  readonly ingress: Ingress;
  readonly packet: Uint8Array;
}

/** The AS's interfaces by the parity of their number; each router sees the other as its sibling. */
function half(router: RouterConfig, parity: number): RouterConfig {
  const interfaces = [...router.interfaces].map(
    ([ifid, each]) => [ifid, ifid % 2 === parity ? each : { ...each, sibling: SIBLING_NAME }] as const,
  );
  return { ...router, interfaces: new Map(interfaces) };
}

/** Every router that a packet meets on its path, from the source's host on. */
export function stepsOf(topology: Topology): Step[] {
  const network = buildNetwork(topology, OPTIONS.seed);
  const halves = new Map([...network.routers].map(([ia, router]) => [ia, [half(router, 0), half(router, 1)] as const]));
  return allPaths(topology).flatMap((path) => {
    const steps: Step[] = [];
    let router = halves.get(path.src)![path.interfaces[0]!.ifid % 2]!;
    let step: Step = { router, ingress: 0, packet: buildPacket(path) };
    for (;;) {
      steps.push(step);
      const outcome = routePacket(step.packet, step.ingress, step.router, NOW);
      if (outcome.verdict !== 'forward') return steps;
      const { packet } = outcome;
      if (outcome.reason === 'TO_SIBLING') {
        router = halves.get(step.router.ia)![outcome.egress % 2]!;
        step = { router, ingress: { sibling: SIBLING_NAME }, packet };
      } else {
        const far = network.farEnds.get(`${step.router.ia}#${outcome.egress}`)!;
        router = halves.get(far.ia)![far.ifid % 2]!;
        step = { router, ingress: far.ifid, packet };
      }
    }
  });
}
