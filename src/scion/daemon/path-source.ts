/** The paths of one AS, kept fresh: looked up at its daemon, again before they expire, and again when an interface fails. */
import type { InterfaceId, IsdAs } from '../../topology/model.ts';
import { comparePaths } from '../combine.ts';
import type { Path } from '../end-to-end-path.ts';
import type { DaemonClient } from './client.ts';

/** Long enough for many attempts while the daemon or its control service is down. */
const BEFORE_EXPIRY_MS = 600_000;
/** Between two look-ups of the same destination at least, and after one that failed. */
const RETRY_MS = 1000;
/** So long does the daemon leave out an interface that it has been told of; then the answer may be another. */
export const REVOCATION_MS = 10_000;
/** A daemon tells nobody of a path that it has learned of; and each look-up costs it a signature for every hop. */
const REFRESH_MS = 120_000;

export interface PathSourceOptions {
  /** The paths to a destination are not those that they were: another set, or the same with other bytes. */
  readonly onChange?: (dst: IsdAs) => void;
  /** A look-up failed and will be repeated; the paths stay as they are. */
  readonly onError?: (dst: IsdAs, error: Error) => void;
}

interface Followed {
  paths: readonly Path[];
  timer: NodeJS.Timeout | undefined;
}

export class PathSource {
  readonly #client: DaemonClient;
  readonly #src: IsdAs;
  readonly #options: PathSourceOptions;
  readonly #followed = new Map<IsdAs, Followed>();
  #closed = false;

  constructor(client: DaemonClient, src: IsdAs, options: PathSourceOptions = {}) {
    this.#client = client;
    this.#src = src;
    this.#options = options;
  }

  /**
   * Looks the destination up now, and from now on whenever that is due.
   *
   * @throws DaemonError when this first look-up fails; it is then not followed
   */
  async follow(dst: IsdAs): Promise<readonly Path[]> {
    const paths = await this.#lookUp(dst, false);
    this.#followed.set(dst, { paths, timer: undefined });
    this.#schedule(dst, dueIn(paths, Date.now()));
    return paths;
  }

  /** As last looked up, best first. Empty for a destination that nobody follows. */
  paths(dst: IsdAs): readonly Path[] {
    return this.#followed.get(dst)?.paths ?? [];
  }

  /**
   * Tells the daemon of an interface that does not forward, as an SCMP message or a probe says, and looks up every
   * destination whose paths cross it. Once the daemon has forgotten it they are looked up again.
   */
  async interfaceDown(ia: IsdAs, ifid: InterfaceId): Promise<void> {
    await this.#client.notifyInterfaceDown(ia, ifid);
    const crosses = (path: Path) => path.interfaces.some((each) => each.ia === ia && each.ifid === ifid);
    const touched = [...this.#followed].filter(([, { paths }]) => paths.some(crosses)).map(([dst]) => dst);
    await Promise.all(touched.map((dst) => this.#refresh(dst, REVOCATION_MS)));
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#followed.values()) clearTimeout(timer);
    this.#followed.clear();
  }

  async #lookUp(dst: IsdAs, refresh: boolean): Promise<readonly Path[]> {
    return (await this.#client.paths(this.#src, dst, refresh)).toSorted(comparePaths);
  }

  /** Never throws. @param atMostMs the next look-up is no later than that */
  async #refresh(dst: IsdAs, atMostMs = REFRESH_MS): Promise<void> {
    try {
      const paths = await this.#lookUp(dst, true);
      const followed = this.#followed.get(dst);
      if (followed === undefined) return;
      const changed = !isSame(followed.paths, paths);
      followed.paths = paths;
      this.#schedule(dst, Math.min(atMostMs, dueIn(paths, Date.now())));
      if (changed) this.#options.onChange?.(dst);
    } catch (error) {
      this.#schedule(dst, RETRY_MS);
      if (!this.#closed) this.#options.onError?.(dst, error as Error);
    }
  }

  #schedule(dst: IsdAs, ms: number): void {
    const followed = this.#followed.get(dst);
    if (followed === undefined) return;
    clearTimeout(followed.timer);
    followed.timer = setTimeout(() => void this.#refresh(dst), ms);
    followed.timer.unref();
  }
}

/** Milliseconds until paths are to be looked up again; soon where there are none yet. */
export function dueIn(paths: readonly Path[], nowMs: number): number {
  if (paths.length === 0) return RETRY_MS;
  const expiry = Math.min(...paths.map((path) => path.expiry)) * 1000;
  return Math.min(Math.max(expiry - BEFORE_EXPIRY_MS - nowMs, RETRY_MS), REFRESH_MS);
}

function isSame(a: readonly Path[], b: readonly Path[]): boolean {
  return a.length === b.length && a.every((path, index) => Buffer.compare(path.raw, b[index]!.raw) === 0);
}
