/**
 * A collection of objects as the API server has them: listed once, then kept up to date by a watch. Goes on from where it
 * was when the connection breaks or the server restarts; when the server no longer knows that place (410), lists anew.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, ApiError } from './client.ts';

export interface ApiObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T & { readonly code?: number; readonly message?: string };
}

interface List<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[] | null;
}

const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 2000;
/** The server is asked to end a watch now and then, so that one whose connection died in silence is noticed. */
const WATCH_SECONDS = 300;
const GONE = 410;

export interface CollectionSettings {
  /** `/api/v1/pods`. */
  readonly path: string;
  /** `spec.nodeName=a1`. */
  readonly fieldSelector?: string;
}

export class Collection<T extends ApiObject> {
  readonly #client: ApiClient;
  readonly #settings: CollectionSettings;
  readonly #changed: () => void;
  readonly #objects = new Map<string, T>();
  readonly #over = new AbortController();
  #version: string | undefined;

  /** @param changed Told after each change, also of the first list. */
  constructor(client: ApiClient, settings: CollectionSettings, changed: () => void) {
    this.#client = client;
    this.#settings = settings;
    this.#changed = changed;
  }

  get objects(): readonly T[] {
    return [...this.#objects.values()];
  }

  /** Resolves when the first list is there; from then on it keeps itself up to date. @throws ApiError when it may not list */
  async start(): Promise<void> {
    await this.#list();
    void this.#follow();
  }

  stop(): void {
    this.#over.abort();
  }

  async #list(): Promise<void> {
    const list = await this.#client.get<List<T>>(this.#url({}));
    this.#objects.clear();
    for (const each of list.items ?? []) this.#objects.set(keyOf(each), each);
    this.#version = list.metadata.resourceVersion;
    this.#changed();
  }

  async #follow(): Promise<void> {
    let wait = FIRST_WAIT_MS;
    while (!this.#over.signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        await this.#watch();
        wait = FIRST_WAIT_MS;
      } catch (error) {
        if (this.#over.signal.aborted) return;
        if (error instanceof ApiError && error.status === GONE) {
          this.#version = undefined;
          continue;
        }
        // The server is away, or away from us: what we have stands meanwhile.
        await sleep(wait, undefined, { signal: this.#over.signal }).catch(() => {});
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      }
    }
  }

  /** Until the server ends it. @throws what breaks it off */
  async #watch(): Promise<void> {
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#version ?? '',
      timeoutSeconds: String(WATCH_SECONDS),
    };
    const response = await this.#client.stream(this.#url(query), this.#over.signal);
    const { promise: broken, reject } = Promise.withResolvers<never>();
    response.once('error', reject);
    await Promise.race([this.#take(createInterface({ input: response })), broken]);
  }

  async #take(lines: AsyncIterable<string>): Promise<void> {
    for await (const line of lines) {
      const { type, object } = JSON.parse(line) as WatchEvent<T>;
      if (type === 'ERROR') throw new ApiError(object.code ?? 0, object.message ?? 'the watch failed');
      this.#version = object.metadata.resourceVersion;
      if (type === 'BOOKMARK') continue;
      if (type === 'DELETED') this.#objects.delete(keyOf(object));
      else this.#objects.set(keyOf(object), object);
      this.#changed();
    }
  }

  #url(query: Readonly<Record<string, string>>): string {
    const { path, fieldSelector } = this.#settings;
    const all = new URLSearchParams({ ...query, ...(fieldSelector === undefined ? {} : { fieldSelector }) });
    return all.size === 0 ? path : `${path}?${all}`;
  }
}

function keyOf({ metadata }: ApiObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
