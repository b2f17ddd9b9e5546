/**
 * The routes that lead packets for remote pods into the segmenter: all that the programs leave to the kernel, and all from
 * pods on whose device no program sits yet. Looked up before every other route.
 */
import { run } from '../../process/process.ts';

/** Of packets that a policy leaves to plain IP: they do not see these routes, but BGP's. */
export const FALLBACK_MARK = 0x5c10;
/** Number of the routing table, and priority of the rule that leads to it. */
export const SEGMENTER_TABLE = 5210;

export interface SegmenterRoute {
  readonly podCidr: string;
  /** Largest packet that every path to these pods takes, bytes: the kernel fragments what is larger, or tells the sender. */
  readonly mtu: number;
}

/** The rule before all others, as ip(8) takes it behind `rule add` and `rule del`. */
export const SEGMENTER_RULE = `not fwmark ${FALLBACK_MARK} lookup ${SEGMENTER_TABLE} priority ${SEGMENTER_TABLE}`;

/**
 * As ip(8) takes it behind `route add` and the like.
 * @param device The half of the segmenter that traffic is sent into.
 * @param source The node's address, for what the node itself sends.
 */
export function segmenterRoute({ podCidr, mtu }: SegmenterRoute, device: string, source: string): string {
  return `${podCidr} dev ${device} scope link table ${SEGMENTER_TABLE} src ${source} mtu lock ${mtu}`;
}

/** In this process's network namespace. */
export class SegmenterRoutes {
  readonly #device: string;
  readonly #source: string;
  /** By prefix. */
  #written: ReadonlyMap<string, string> | undefined;
  #work: Promise<void> = Promise.resolve();

  /** As of segmenterRoute. */
  constructor(device: string, source: string) {
    this.#device = device;
    this.#source = source;
  }

  /** Writes those that are others than before, and takes away those that are gone. @throws LabError */
  async set(routes: readonly SegmenterRoute[]): Promise<void> {
    const wanted = new Map(routes.map((each) => [each.podCidr, segmenterRoute(each, this.#device, this.#source)]));
    const before = this.#written ?? (await routesThere());
    const commands = [
      ...[...wanted].filter(([cidr, route]) => before.get(cidr) !== route).map(([, route]) => `route replace ${route}`),
      ...[...before.keys()]
        .filter((cidr) => !wanted.has(cidr))
        .map((cidr) => `route del ${cidr} table ${SEGMENTER_TABLE}`),
    ];
    if (this.#written === undefined && !(await hasRule())) commands.push(`rule add ${SEGMENTER_RULE}`);
    if (commands.length > 0) await run(['ip', '-batch', '-'], { input: `${commands.join('\n')}\n` });
    this.#written = wanted;
  }

  /** The same later, one after the other. @param failed Told of what fails; the next call tries again */
  follow(routes: readonly SegmenterRoute[], failed: (error: unknown) => void): void {
    this.#work = this.#work.then(() => this.set(routes)).catch(failed);
  }
}

/** What an agent before this one has left, as prefixes alone. */
async function routesThere(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run(['ip', '-json', 'route', 'show', 'table', 'all']);
  const routes = JSON.parse(stdout) as { readonly dst: string; readonly table?: string }[];
  const left = routes.filter(({ table }) => table === String(SEGMENTER_TABLE));
  return new Map(left.map(({ dst }) => [dst, '']));
}

async function hasRule(): Promise<boolean> {
  const { stdout } = await run(['ip', '-json', 'rule', 'show']);
  return (JSON.parse(stdout) as { priority: number }[]).some(({ priority }) => priority === SEGMENTER_TABLE);
}
