/** The `reference` control plane as the dataplane's users see it: the same interface that the `computed` one has. */
import { LabError } from '../../errors.ts';
import type { InterfaceId, IsdAs } from '../../topology/model.ts';
import type { ControlPlane } from '../control-plane.ts';
import { PathSource } from '../daemon/path-source.ts';
import type { Path } from '../end-to-end-path.ts';
import type { ReferenceControlPlane } from './control-plane.ts';

export interface FollowOptions {
  /** Every pair must have paths enough by then, from the call on, milliseconds. */
  readonly deadlineMs: number;
  /** When to stop waiting for more; any path is enough unless given. */
  readonly isEnough?: (src: IsdAs, dst: IsdAs, paths: readonly Path[]) => boolean;
  /** There are other paths than before between these two: more, fewer, renewed. */
  readonly onChange?: (src: IsdAs, dst: IsdAs) => void;
}

export class FollowedPaths implements ControlPlane {
  readonly #keys: ReadonlyMap<IsdAs, Uint8Array>;
  readonly #sources = new Map<IsdAs, PathSource>();

  private constructor(keys: ReadonlyMap<IsdAs, Uint8Array>) {
    this.#keys = keys;
  }

  /**
   * Waits until there are paths enough between the two of each pair, then keeps all paths between them fresh.
   *
   * @param keys forwarding keys by AS: those of the `computed` control plane with the same seed
   * @throws LabError when a pair does not get there in time
   */
  static async follow(
    control: ReferenceControlPlane,
    keys: ReadonlyMap<IsdAs, Uint8Array>,
    pairs: readonly (readonly [IsdAs, IsdAs])[],
    { deadlineMs, isEnough = (_src, _dst, { length }) => length > 0, onChange }: FollowOptions,
  ): Promise<FollowedPaths> {
    const followed = new FollowedPaths(keys);
    const bySource = Map.groupBy(pairs, ([src]) => src);
    for (const src of bySource.keys()) {
      const client = await control.daemon(src);
      const source = new PathSource(client, src, { onChange: (dst) => onChange?.(src, dst) });
      followed.#sources.set(src, source);
    }
    try {
      await Promise.all(
        pairs.map(async ([src, dst]) => {
          await control.awaitPaths(src, dst, deadlineMs, (paths) => isEnough(src, dst, paths));
          await followed.#source(src).follow(dst);
        }),
      );
      return followed;
    } catch (error) {
      followed.close();
      throw error;
    }
  }

  forwardingKey(ia: IsdAs): Uint8Array {
    const key = this.#keys.get(ia);
    if (key === undefined) throw new RangeError(`no AS ${ia}`);
    return key;
  }

  /** As the daemon last said. @throws LabError for a source that is not followed */
  paths(src: IsdAs, dst: IsdAs): readonly Path[] {
    return this.#source(src).paths(dst);
  }

  /** What a source has learned of an interface that does not forward; see PathSource. */
  async interfaceDown(src: IsdAs, ia: IsdAs, ifid: InterfaceId): Promise<void> {
    await this.#source(src).interfaceDown(ia, ifid);
  }

  close(): void {
    for (const source of this.#sources.values()) source.close();
  }

  #source(src: IsdAs): PathSource {
    const source = this.#sources.get(src);
    if (source === undefined) throw new LabError(`nobody follows the paths of ${src}`);
    return source;
  }
}
