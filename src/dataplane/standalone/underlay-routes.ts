/** What the kernel knows of a router's underlay: which device has an address, where the next hop is, and its MAC address. */
import { run } from '../../process/process.ts';

export interface Device {
  readonly name: string;
  readonly ifindex: number;
  /** Largest IP packet, bytes. */
  readonly mtu: number;
  readonly mac: string;
  /** Its IPv4 addresses. */
  readonly addresses: readonly string[];
}

/** The way to another router. */
export interface NextHop {
  readonly device: Device;
  /** The other router itself, or the gateway on the way to it. */
  readonly address: string;
  /** Undefined while the kernel has not resolved it. */
  readonly mac: string | undefined;
  /** Entered by hand, and not the kernel's to find out. */
  readonly permanent: boolean;
}

interface AddressJson {
  readonly ifname: string;
  readonly ifindex: number;
  readonly mtu: number;
  readonly address?: string;
  readonly addr_info: readonly { readonly family: string; readonly local?: string }[];
}

interface RouteJson {
  readonly dev?: string;
  readonly gateway?: string;
}

interface NeighbourJson {
  readonly dst: string;
  readonly dev: string;
  readonly lladdr?: string;
  readonly state?: readonly string[];
}

/** Devices of the current network namespace. */
export async function readDevices(): Promise<Device[]> {
  const all = await ipJson<AddressJson[]>(['address', 'show']);
  return all.map(({ ifname, ifindex, mtu, address, addr_info }) => ({
    name: ifname,
    ifindex,
    mtu,
    mac: address ?? '00:00:00:00:00:00',
    addresses: addr_info.flatMap(({ family, local }) => (family === 'inet' && local !== undefined ? [local] : [])),
  }));
}

/** One way to another router: as the kernel would send from `local`. */
export interface Wanted {
  readonly local: string;
  readonly remote: string;
}

/**
 * The next hops towards some routers, in their order; undefined where there is no route. MAC addresses that are not
 * known are asked for, and those that are known are confirmed, as a packet of the kernel's own would do.
 */
export async function readNextHops(wanted: readonly Wanted[]): Promise<(NextHop | undefined)[]> {
  const devices = await readDevices();
  const routes = await Promise.all(wanted.map((each) => routeTo(each, devices)));
  const known = await ipJson<NeighbourJson[]>(['-4', 'neighbour', 'show', 'nud', 'all']);
  return routes.map((route) => {
    if (route === undefined) return undefined;
    const entry = known.find(({ dst, dev }) => dst === route.address && dev === route.device.name);
    const has = (...states: string[]) => entry?.state?.some((state) => states.includes(state)) === true;
    const mac = has('FAILED', 'INCOMPLETE') ? undefined : entry?.lladdr;
    return { ...route, mac, permanent: has('PERMANENT', 'NOARP') };
  });
}

async function routeTo(
  { local, remote }: Wanted,
  devices: readonly Device[],
): Promise<Omit<NextHop, 'mac' | 'permanent'> | undefined> {
  try {
    const [route] = await ipJson<RouteJson[]>(['route', 'get', remote, 'from', local]);
    const device = devices.find(({ name }) => name === route?.dev);
    return device && { device, address: route?.gateway ?? remote };
  } catch {
    // ip(8) fails where there is no route.
    return undefined;
  }
}

/** Has the kernel resolve these neighbours, or confirm that they are still there. Permanent ones would not stay so. */
export async function confirmNeighbours(hops: readonly NextHop[]): Promise<void> {
  const wanted = hops.filter(({ permanent }) => !permanent);
  const commands = new Set(wanted.map(({ address, device }) => `neigh replace ${address} dev ${device.name} use`));
  if (commands.size > 0) await run(['ip', '-force', '-batch', '-'], { input: `${[...commands].join('\n')}\n` });
}

async function ipJson<T>(args: readonly string[]): Promise<T> {
  const { stdout } = await run(['ip', '-json', ...args]);
  return JSON.parse(stdout.trim() === '' ? '[]' : stdout) as T;
}
