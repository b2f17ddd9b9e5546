/** The border router by itself, in the current network namespace: attached to its devices, following the kernel's neighbours, links and slow path. */
import { readFileSync } from 'node:fs';
import { LabError } from '../../errors.ts';
import { type Running, start } from '../../process/process.ts';
import type { RouterFolder } from '../../scion/router-folder.ts';
import type { SocketAddress } from '../../scion/topology-json.ts';
import type { ReasonCount } from '../counters.ts';
import { ownDevices, planFastPath, type RouterLink, RouterTables, SLOT } from './router-tables.ts';
import { unheard } from './slow-path.ts';
import { confirmNeighbours, type NextHop, readDevices, readNextHops } from './underlay-routes.ts';

/** How often slow path and BFD are looked at. */
const WATCH_MS = 200;
/** Often enough that the kernel never forgets a neighbour that only XDP uses (gc_stale_time is 60 s by default). */
const CONFIRM_MS = 5000;

export type SlowPathKind = 'reference' | 'none';

export interface StandaloneOptions {
  readonly slowPath: SlowPathKind;
  /** Told what changes: a sentence without a full stop. */
  readonly onChange: (message: string) => void;
}

export class StandaloneRouter {
  readonly tables: RouterTables;
  readonly #options: StandaloneOptions;
  readonly #attachments: { close(): void }[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #states = new Map<string, boolean>();
  #monitor: Running | undefined;
  #hops: readonly (NextHop | undefined)[] = [];
  #refreshing: Promise<void> | undefined;
  #stale = false;
  #closed = false;

  private constructor(tables: RouterTables, options: StandaloneOptions) {
    this.tables = tables;
    this.#options = options;
  }

  /**
   * Attaches to every device that has one of the router's addresses.
   * @throws InputError when no device has an address of the configuration; LabError when a device cannot be attached to
   */
  static async start(folder: RouterFolder, options: StandaloneOptions): Promise<StandaloneRouter> {
    const plan = planFastPath(folder);
    const all = await readDevices();
    const limit = 1 + Math.max(...all.map(({ ifindex }) => ifindex));
    const tables = new RouterTables(plan, ownDevices(plan, all), limit, false);
    const router = new StandaloneRouter(tables, options);
    try {
      await router.#begin();
      return router;
    } catch (error) {
      await router.close();
      throw error;
    }
  }

  /** Devices that the program is attached to. */
  get devices(): string[] {
    return [...new Set([...this.tables.devices.values()].map(({ name }) => name))];
  }

  /** What XDP leaves to the slow path altogether, as sentences without a full stop. */
  get left(): string[] {
    const { folder, left } = this.tables.plan;
    const internal = this.tables.devices.get(folder.internal.address)?.name;
    const setting = `net.ipv4.conf.${internal}.forwarding`;
    const forwards = readFileSync(`/proc/sys/net/ipv4/conf/${internal}/forwarding`, 'utf8').trim() === '1';
    // bpf_fib_lookup() answers only for devices on which the kernel would forward itself.
    return forwards ? [...left] : [...left, `delivery to hosts, because ${setting} is 0`];
  }

  counters(): ReasonCount[] {
    return this.tables.dataplane.counters(SLOT);
  }

  /** Detaches from all devices. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const attachment of this.#attachments) attachment.close();
    await this.#monitor?.stop();
    await this.#refreshing;
    this.tables.dataplane.close();
  }

  async #begin(): Promise<void> {
    this.#monitor = start(['ip', 'monitor', 'neigh', 'route', 'link', 'address'], {
      onStdoutLine: () => this.#refresh(),
    });
    await this.#refreshNow();
    this.#watch();
    for (const { name, ifindex } of new Set(this.tables.devices.values())) {
      try {
        this.#attachments.push(this.tables.dataplane.link(ifindex));
      } catch (error) {
        throw new LabError(`the border router cannot be attached to ${name}`, {
          cause: error,
          hint: (error as Error).message,
        });
      }
    }
    this.#timers.push(
      setInterval(() => this.#watch(), WATCH_MS),
      setInterval(() => this.#confirm(), CONFIRM_MS),
    );
  }

  /** One refresh at a time, and one more where something changed meanwhile. */
  #refresh(): void {
    this.#stale = true;
    if (this.#refreshing !== undefined || this.#closed) return;
    this.#refreshing = this.#refreshWhileStale().finally(() => {
      this.#refreshing = undefined;
    });
  }

  async #refreshWhileStale(): Promise<void> {
    while (this.#stale && !this.#closed) {
      this.#stale = false;
      await this.#refreshNow().catch((error: Error) => this.#options.onChange(error.message));
    }
  }

  async #refreshNow(): Promise<void> {
    const hops = await readNextHops(this.tables.wanted);
    if (this.#closed) return;
    const unresolved = hops.filter((hop) => hop !== undefined && hop.mac === undefined) as NextHop[];
    const first = this.#hops.length === 0;
    this.tables.setNextHops(hops);
    this.#hops = hops;
    for (const [index, link] of this.tables.plan.links.entries()) this.#tellHop(link, hops[index]);
    if (first) await confirmNeighbours(unresolved);
  }

  #confirm(): void {
    // The wall clock may have been set: hop fields expire by it.
    this.tables.dataplane.setClock();
    const hops = this.#hops.filter((hop) => hop !== undefined);
    confirmNeighbours(hops).catch((error: Error) => this.#options.onChange(error.message));
  }

  /** What has no event: sockets of the slow path, and silence of BFD. */
  #watch(): void {
    if (this.#options.slowPath === 'none') return;
    const missing = unheard(this.#listeners());
    this.tables.slowPath = missing.length === 0;
    const where = missing.map(({ address, port }) => `${address}:${port}`).join(', ');
    this.#tell(
      'slow path',
      missing.length === 0,
      'the slow path listens on all addresses',
      `nobody listens on ${where}: what XDP does not finish is dropped, links count as up whatever BFD says`,
    );
    for (const { ifid, bfdSession, remote } of missing.length === 0 ? this.tables.plan.links : []) {
      if (bfdSession === 0) continue;
      const what = `BFD with ${remote.address}:${remote.port}`;
      const up = this.tables.dataplane.isBfdUp(bfdSession);
      this.#tell(
        what,
        up,
        `interface ${ifid}: ${what} is up`,
        `interface ${ifid}: ${what} is down: packets for it go to the slow path`,
      );
    }
  }

  #listeners(): SocketAddress[] {
    const { folder, links } = this.tables.plan;
    return [folder.internal, ...links.filter(({ sibling }) => !sibling).map(({ local }) => local)];
  }

  #tellHop({ ifid, remote }: RouterLink, hop: NextHop | undefined): void {
    const what = `next hop to ${remote.address}`;
    this.#tell(
      what,
      this.tables.canSendBy(hop),
      `interface ${ifid}: ${what} is ${hop?.mac}`,
      `interface ${ifid}: ${what} cannot be used: ${whyNot(hop)}`,
    );
  }

  /** Tells what is not as it was, or is bad from the start. */
  #tell(what: string, good: boolean, yes: string, no: string): void {
    const before = this.#states.get(what);
    this.#states.set(what, good);
    if (before === good || (before === undefined && good)) return;
    this.#options.onChange(good ? yes : no);
  }
}

function whyNot(hop: NextHop | undefined): string {
  if (hop === undefined) return 'no route';
  return hop.mac === undefined
    ? `${hop.address} does not answer on ${hop.device.name}`
    : `${hop.device.name} has no address of this router`;
}
