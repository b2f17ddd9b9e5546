/** The plan's links as the ASes at their ends see them. */
import type { LinkRole } from '../dataplane/router-maps.ts';
import type { LinkEndPlan, LinkPlan, Plan } from './plan.ts';

/** One end of a link, as the AS at that end sees it. */
export interface LinkSide {
  readonly link: LinkPlan;
  readonly own: LinkEndPlan;
  readonly remote: LinkEndPlan;
  /** What the neighbour is. */
  readonly role: LinkRole;
}

/** Two of every link that carries SCION. */
export function linkSides(plan: Plan): LinkSide[] {
  return plan.links.flatMap((link) => [
    { link, own: link.a, remote: link.b, role: link.kind },
    { link, own: link.b, remote: link.a, role: link.kind === 'child' ? 'parent' : link.kind },
  ]);
}

/** Ends of wires without SCION at routers with a routed link, whose packets may come in there. */
export function accessWires(plan: Plan): LinkEndPlan[] {
  const routed = plan.links.filter(({ underlay }) => underlay === 'internet').flatMap(({ a, b }) => [a, b]);
  const ends = plan.ipLinks.flatMap(({ a, b }) => [a, b]);
  return ends.filter((end) => routed.some(({ namespace }) => namespace === end.namespace));
}
