/** The border routers of a lab's transit ASes: one program, loaded once, on every device that carries a link. */
import type { ReasonCount } from '../dataplane/counters.ts';
import { BorderRouterDataplane } from '../dataplane/router.ts';
import type { Lab } from '../emulator/lab.ts';
import { accessWires, type LinkSide, linkSides } from '../emulator/link-sides.ts';
import { type AsPlan, ifindexLimit, type LinkEndPlan } from '../emulator/plan.ts';
import type { IsdAs } from '../topology/model.ts';

/** `bfd.required_min_rx_interval` of the reference router, unless configured (doc/manuals/router.rst). */
const BFD_MIN_RX_NS = 200_000_000;

export class TransitRouters {
  readonly #dataplane: BorderRouterDataplane;
  readonly #lab: Lab;
  readonly #ases: readonly AsPlan[];
  readonly #sides: readonly LinkSide[];
  readonly #access: readonly LinkEndPlan[];

  constructor(lab: Lab, pins: string) {
    const { plan } = lab;
    this.#lab = lab;
    this.#ases = plan.ases.filter((as) => as.cluster === undefined && as.router === 'xdp');
    this.#sides = linkSides(plan).filter(({ own }) => this.#ases.some(({ ia }) => ia === own.ia));
    this.#access = accessWires(plan).filter(({ ia }) => this.#ases.some((as) => as.ia === ia));
    this.#dataplane = BorderRouterDataplane.load({
      ifindexLimit: ifindexLimit(plan),
      asCount: plan.ases.length,
      linkCount: plan.ases.reduce((sum, as) => sum + as.linkLimit, 0),
      bfdSessionCount: this.#sides.length,
    });
    this.#dataplane.pin(pins);
    for (const { ia, slot, linkBase, linkLimit } of this.#ases) {
      const forwardingKey = lab.control.forwardingKey(ia);
      const slowPath = plan.controlPlane === 'reference';
      this.#dataplane.configureAs(slot, { ia, forwardingKey, linkBase, linkLimit, slowPath });
    }
    this.#sides.forEach(({ link, own, remote, role }, index) => {
      const routed = link.underlay === 'internet';
      // Without a slow path nobody speaks BFD, and the sessions count for nothing.
      const bfdSession = routed ? 0 : index + 1;
      if (bfdSession > 0) this.#dataplane.beginBfdSession(bfdSession, BFD_MIN_RX_NS);
      const device = { ifid: own.ifid, role, ifindex: own.ifindex, own, remote, mtu: link.mtu };
      this.#dataplane.configureLink(this.#slot(own.ia), { ...device, routed, bfdSession });
    });
  }

  attach(): void {
    for (const { own } of this.#wired()) {
      const device = { ifindex: own.ifindex, netns: this.#lab.netns(own.namespace) };
      this.#dataplane.attach({ ...device, slot: this.#slot(own.ia), ifid: own.ifid });
    }
    for (const { ia, ifindex, namespace } of this.#access) {
      this.#dataplane.attachAccess({ ifindex, netns: this.#lab.netns(namespace), slot: this.#slot(ia) });
    }
  }

  detach(): void {
    for (const { ifindex, namespace } of [...this.#wired().map(({ own }) => own), ...this.#access]) {
      this.#dataplane.detach(ifindex, this.#lab.netns(namespace));
    }
  }

  /** Sides with a device of their own. */
  #wired(): LinkSide[] {
    return this.#sides.filter(({ link }) => link.underlay !== 'internet');
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
