/** Who is joined to whom, looked up in constant time: a file may name thousands of ASes. */
import type { IsdAs, Link } from './model.ts';

type Edge = Pick<Link, 'kind'> & { readonly a: { readonly ia: IsdAs }; readonly b: { readonly ia: IsdAs } };
type Relation = 'parent' | 'child' | 'core' | 'peer';

export class Graph {
  readonly #edges = new Map<IsdAs, { readonly relation: Relation; readonly to: IsdAs }[]>();

  constructor(links: readonly Edge[]) {
    for (const { kind, a, b } of links) {
      this.#edgesOf(a.ia).push({ relation: kind, to: b.ia });
      this.#edgesOf(b.ia).push({ relation: kind === 'child' ? 'parent' : kind, to: a.ia });
    }
  }

  /** The ASes at the other ends of an AS's links; with `relation`, those that are its parents, children and so on. */
  neighbours(ia: IsdAs, relation?: Relation): IsdAs[] {
    const edges = this.#edges.get(ia) ?? [];
    return edges.flatMap((edge) => (relation === undefined || edge.relation === relation ? [edge.to] : []));
  }

  #edgesOf(ia: IsdAs) {
    const found = this.#edges.get(ia) ?? [];
    this.#edges.set(ia, found);
    return found;
  }
}

/** Everything that `next` leads to from the start, the start included. */
export function reach(start: readonly IsdAs[], next: (ia: IsdAs) => readonly IsdAs[]): Set<IsdAs> {
  const reached = new Set(start);
  // A set's iteration also visits what is added on the way.
  for (const ia of reached) for (const other of next(ia)) reached.add(other);
  return reached;
}

/**
 * For each AS a number, which it shares with those that `down` leads to and back from (Kosaraju's algorithm; time grows with
 * the number of links). `up` is `down` the other way.
 */
export function stronglyConnected(
  ases: readonly IsdAs[],
  down: (ia: IsdAs) => readonly IsdAs[],
  up: (ia: IsdAs) => readonly IsdAs[],
): Map<IsdAs, number> {
  const groups = new Map<IsdAs, number>();
  for (const ia of deepestFirst(ases, down).reverse()) {
    if (groups.has(ia)) continue;
    const members = reach([ia], (member) => up(member).filter((other) => !groups.has(other)));
    const group = groups.size;
    for (const member of members) groups.set(member, group);
  }
  return groups;
}

/** Each AS behind all that it leads to first. A stack of our own: chains may be longer than the engine's. */
function deepestFirst(ases: readonly IsdAs[], down: (ia: IsdAs) => readonly IsdAs[]): IsdAs[] {
  const order: IsdAs[] = [];
  const seen = new Set<IsdAs>();
  for (const root of ases) {
    const stack = seen.has(root) ? [] : [{ ia: root, left: [...down(root)] }];
    seen.add(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.left.pop();
      if (next === undefined) order.push(stack.pop()!.ia);
      else if (!seen.has(next)) {
        seen.add(next);
        stack.push({ ia: next, left: [...down(next)] });
      }
    }
  }
  return order;
}
