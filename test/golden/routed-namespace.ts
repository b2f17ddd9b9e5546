/** A namespace with two ways out, for programs that ask the kernel where a routed underlay goes. */

import { ipBatch } from '../../src/emulator/ip-batch.ts';
import { native } from '../../src/native.ts';
import { run } from '../../src/process/process.ts';

export interface Way {
  readonly device: string;
  readonly ifindex: number;
  readonly own: string;
  readonly next: string;
  readonly gateway: string;
}

/** The far end of the routed link, in a prefix that BGP would carry. */
export const FAR_ADDRESS = '203.0.113.7';
const PREFIX = '203.0.113.0/24';

export class RoutedNamespace {
  readonly #name: string;
  readonly netns: string;
  readonly east: Way;
  readonly west: Way;

  private constructor(name: string) {
    this.#name = name;
    this.netns = `/run/netns/${name}`;
    const [east, west] = WAYS;
    this.east = { ...east, ifindex: native().ifindex(east.device, this.netns) };
    this.west = { ...west, ifindex: native().ifindex(west.device, this.netns) };
  }

  static async make(name: string): Promise<RoutedNamespace> {
    const id = `ct${name}${process.pid}`;
    await ipBatch([`netns add ${id}`]);
    try {
      const settings = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.disable_ipv6=1'];
      await run(['ip', 'netns', 'exec', id, 'sysctl', '-qw', ...settings]);
      await ipBatch(['link set lo up', ...WAYS.flatMap(commandsOf)], id);
      return new RoutedNamespace(id);
    } catch (error) {
      await ipBatch([`netns del ${id}`]);
      throw error;
    }
  }

  /** From the next packet on. */
  async route(to: Way | 'blackhole' | 'nowhere'): Promise<void> {
    await run(['ip', '-n', this.#name, '-force', '-batch', '-'], { input: `route flush exact ${PREFIX}\n` });
    if (to === 'nowhere') return;
    await ipBatch(
      [to === 'blackhole' ? `route add blackhole ${PREFIX}` : `route add ${PREFIX} via ${to.gateway}`],
      this.#name,
    );
  }

  async remove(): Promise<void> {
    await ipBatch([`netns del ${this.#name}`]);
  }
}

const WAYS = [
  { device: 'east', own: '02:00:00:00:0e:01', next: '02:00:00:00:0e:02', address: '172.30.0.0', gateway: '172.30.0.1' },
  { device: 'west', own: '02:00:00:00:0f:01', next: '02:00:00:00:0f:02', address: '172.30.0.2', gateway: '172.30.0.3' },
] as const;

/** Both ends of a pair in the one namespace: nothing is sent, only asked for. */
function commandsOf({ device, own, next, gateway, address }: (typeof WAYS)[number]): string[] {
  return [
    `link add ${device} address ${own} type veth peer name ${device}-far address ${next}`,
    `link set ${device} up`,
    `link set ${device}-far up`,
    `address add ${address}/31 dev ${device}`,
    `neigh add ${gateway} lladdr ${next} nud permanent dev ${device}`,
  ];
}
