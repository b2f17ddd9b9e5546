/** The border routers of a lab's transit ASes: one program, loaded once, on every device that carries a link. */
import type { ReasonCount } from '../dataplane/counters.ts';
import { BorderRouterDataplane } from '../dataplane/router.ts';
import type { LinkRole } from '../dataplane/router-maps.ts';
import type { Lab } from '../emulator/lab.ts';
import type { AsPlan, LinkEndPlan, LinkPlan, Plan } from '../emulator/plan.ts';
import type { IsdAs } from '../topology/model.ts';

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
  readonly #lab: Lab;
  readonly #ases: readonly AsPlan[];
  readonly #sides: readonly LinkSide[];

  constructor(lab: Lab, pins: string) {
    const { plan } = lab;
    this.#lab = lab;
    this.#ases = plan.ases.filter((as) => as.cluster === undefined && as.router === 'xdp');
    this.#sides = linkSides(plan).filter(({ own }) => this.#ases.some(({ ia }) => ia === own.ia));
    this.#dataplane = BorderRouterDataplane.load({
      ifindexLimit: ifindexLimit(plan),
      asCount: plan.ases.length,
      linkCount: plan.ases.reduce((sum, as) => sum + as.linkLimit, 0),
    });
    this.#dataplane.pin(pins);
    for (const { ia, slot, linkBase, linkLimit } of this.#ases) {
      const forwardingKey = lab.control.forwardingKey(ia);
      const slowPath = plan.controlPlane === 'reference';
      this.#dataplane.configureAs(slot, { ia, forwardingKey, linkBase, linkLimit, slowPath });
    }
    for (const { link, own, remote, role } of this.#sides) {
      const settings = { ifid: own.ifid, role, ifindex: own.ifindex, own, remote, mtu: link.mtu };
      this.#dataplane.configureLink(this.#slot(own.ia), settings);
    }
  }

  attach(): void {
    for (const { own } of this.#sides) {
      const device = { ifindex: own.ifindex, netns: this.#lab.netns(own.namespace) };
      this.#dataplane.attach({ ...device, slot: this.#slot(own.ia), ifid: own.ifid });
    }
  }

  detach(): void {
    for (const { own } of this.#sides) this.#dataplane.detach(own.ifindex, this.#lab.netns(own.namespace));
  }

  /** Since the programs were loaded. */
  counters(): ReasonCount[] {
    return this.#ases.flatMap(({ slot }) => this.#dataplane.counters(slot));
  }

  #slot(ia: IsdAs): number {
    const as = this.#ases.find((each) => each.ia === ia);
    if (as === undefined) throw new RangeError(`${ia} is no transit AS`);
    return as.slot;
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
