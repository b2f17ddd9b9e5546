/**
 * What has been worked out for a node before: while paths and policies are the same objects, so is what follows from them.
 * With hundreds of policies, one pod more would else cost as much as all of them. For one view only.
 */
import type { Path } from '../../scion/end-to-end-path.ts';
import type { PathPolicy } from '../policy/model.ts';

/** Stands for no policy. */
const NONE = {};

export class WorkedOut<T> {
  readonly #byPaths = new WeakMap<readonly Path[], Map<number, WeakMap<object, T>>>();

  /** @param remote Number of the remote node. */
  get(paths: readonly Path[], remote: number, policy: PathPolicy | undefined, work: () => T): T {
    const byRemote = this.#byPaths.get(paths) ?? new Map<number, WeakMap<object, T>>();
    this.#byPaths.set(paths, byRemote);
    const byPolicy = byRemote.get(remote) ?? new WeakMap<object, T>();
    byRemote.set(remote, byPolicy);
    const known = byPolicy.get(policy ?? NONE);
    if (known !== undefined) return known;
    const result = work();
    byPolicy.set(policy ?? NONE, result);
    return result;
  }
}
