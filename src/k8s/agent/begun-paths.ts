/** The paths of an AS that begin with one of these interfaces: the others have no link. */
import type { Path } from '../../scion/end-to-end-path.ts';
import type { IsdAs } from '../../topology/model.ts';

export class BegunPaths {
  readonly #pathsTo: (ia: IsdAs) => readonly Path[];
  readonly #interfaces: ReadonlySet<number>;
  /** Of all paths, those: the same object for the same, since what follows from paths is kept by them. */
  readonly #known = new WeakMap<readonly Path[], readonly Path[]>();

  /** @param pathsTo All paths from the AS to another, best first; the same object as long as they are the same. */
  constructor(pathsTo: (ia: IsdAs) => readonly Path[], interfaces: Iterable<number>) {
    this.#pathsTo = pathsTo;
    this.#interfaces = new Set(interfaces);
  }

  readonly to = (ia: IsdAs): readonly Path[] => {
    const all = this.#pathsTo(ia);
    const known = this.#known.get(all);
    if (known !== undefined) return known;
    const begun = all.filter(({ interfaces: [first] }) => first !== undefined && this.#interfaces.has(first.ifid));
    this.#known.set(all, begun);
    return begun;
  };
}
