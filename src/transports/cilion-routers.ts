/** The border routers of a lab's transit ASes: one program, loaded once, on every device that carries a link. */
import type { ReasonCount } from '../dataplane/counters.ts';
import { BorderRouterDataplane } from '../dataplane/router.ts';
import type { LinkRole } from '../dataplane/router-maps.ts';
import type { Lab } from '../emulator/lab.ts';
import type { AsPlan, LinkEndPlan, LinkPlan, Plan } from '../emulator/plan.ts';

/** One end of a link, as the AS at that end sees it. */
export interface LinkSide {
  readonly link: LinkPlan;
  readonly own: LinkEndPlan;
  readonly remote: LinkEndPlan;
  /** What the neighbour is. */
  readonly role: LinkRole;
}

export class TransitRouters {
  readonly #dataplane: BorderRouterDataplane;
  readonly #ases: readonly AsPlan[];
  readonly #attached: { ifindex: number; netns: string }[] = [];

  constructor(lab: Lab, pins: string) {
    const { plan } = lab;
    this.#ases = plan.ases.filter((as) => as.cluster === undefined);
    this.#dataplane = BorderRouterDataplane.load({
      ifindexLimit: ifindexLimit(plan),
      asCount: plan.ases.length,
      linkCount: plan.ases.reduce((sum, as) => sum + as.linkLimit, 0),
    });
    this.#dataplane.pin(pins);
    for (const as of this.#ases) this.#attach(lab, as);
  }

  counters(): ReasonCount[] {
    return this.#ases.flatMap(({ slot }) => this.#dataplane.counters(slot));
  }

  detach(): void {
    for (const { ifindex, netns } of this.#attached) this.#dataplane.detach(ifindex, netns);
    this.#dataplane.close();
  }

  #attach(lab: Lab, { ia, slot, linkBase, linkLimit }: AsPlan): void {
    this.#dataplane.configureAs(slot, { ia, forwardingKey: lab.control.forwardingKey(ia), linkBase, linkLimit });
    const sides = linkSides(lab.plan).filter(({ own }) => own.ia === ia);
    for (const { link, own, remote, role } of sides) {
      this.#dataplane.configureLink(slot, { ifid: own.ifid, role, ifindex: own.ifindex, own, remote, mtu: link.mtu });
    }
    // All links are known before the first packet can arrive.
    for (const { own } of sides) {
      const device = { ifindex: own.ifindex, netns: lab.netns(own.namespace) };
      this.#dataplane.attach({ ...device, slot, ifid: own.ifid });
      this.#attached.push(device);
    }
  }
}

export function linkSides(plan: Plan): LinkSide[] {
  return plan.links.flatMap((link) => [
    { link, own: link.a, remote: link.b, role: link.kind },
    { link, own: link.b, remote: link.a, role: link.kind === 'child' ? 'parent' : link.kind },
  ]);
}

/** Above every interface index of the lab. */
export function ifindexLimit(plan: Plan): number {
  return 1 + Math.max(...plan.veths.flatMap(({ a, b }) => [a.ifindex, b.ifindex]));
}
