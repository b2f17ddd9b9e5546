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
