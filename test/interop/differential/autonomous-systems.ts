/** Two ASes with three routers each, and all that is around the first of them: every kind of link, hosts, siblings. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LinkTo, SocketAddress } from '../../../src/scion/topology-json.ts';
import type { IsdAs } from '../../../src/topology/model.ts';
import type { Wire } from '../router-namespaces.ts';

export interface AsLink {
  readonly ifid: number;
  readonly kind: LinkTo;
  readonly router: RouterName;
}

export interface TestAs {
  readonly ia: IsdAs;
  readonly core: boolean;
  readonly links: readonly AsLink[];
}

export type RouterName = 'brA' | 'brB' | 'brC';

/** The router under test is brA. */
const links = (router: RouterName, kinds: Readonly<Record<number, LinkTo>>): AsLink[] =>
  Object.entries(kinds).map(([ifid, kind]) => ({ ifid: Number(ifid), kind, router }));

export const TEST_ASES: readonly TestAs[] = [
  {
    ia: '1-ff00:0:1' as IsdAs,
    core: false,
    links: [
      ...links('brA', { 11: 'parent', 12: 'parent', 13: 'child', 14: 'child', 15: 'peer', 16: 'peer' }),
      ...links('brB', { 21: 'child', 22: 'peer' }),
      ...links('brC', { 31: 'parent' }),
    ],
  },
  {
    ia: '1-ff00:0:2' as IsdAs,
    core: true,
    links: [
      ...links('brA', { 11: 'core', 12: 'core', 13: 'child', 14: 'child', 15: 'peer' }),
      ...links('brB', { 21: 'child', 22: 'core' }),
      ...links('brC', { 31: 'core' }),
    ],
  },
];

export const MASTER_KEY = 'differential key';
export const INTERNAL: Readonly<Record<RouterName, SocketAddress>> = {
  brA: { address: '10.9.0.1', port: 30_001 },
  brB: { address: '10.9.0.2', port: 30_002 },
  brC: { address: '10.9.0.3', port: 30_003 },
};
export const HOSTS: readonly [string, string] = ['10.9.0.51', '10.9.0.52'];
export const CONTROL_SERVICE: SocketAddress = { address: '10.9.0.71', port: 31_020 };
const INTERNAL_DEVICE = 'internal';
const MTU = 1500;

export function localEnd({ ifid }: AsLink): SocketAddress {
  return { address: `172.31.${ifid}.0`, port: 50_000 + ifid };
}

export function remoteEnd({ ifid }: AsLink): SocketAddress {
  return { address: `172.31.${ifid}.1`, port: 40_000 + ifid };
}

export function routerMac(device: string): string {
  return `02:00:00:00:01:${deviceNumber(device).toString(16).padStart(2, '0')}`;
}

export function aroundMac(device: string): string {
  return `02:00:00:00:02:${deviceNumber(device).toString(16).padStart(2, '0')}`;
}

export function deviceOf(link: AsLink): string {
  return link.router === 'brA' ? `link${link.ifid}` : INTERNAL_DEVICE;
}

export function ownLinks({ links: all }: TestAs): AsLink[] {
  return all.filter(({ router }) => router === 'brA');
}

/** brA's devices. Everybody around it is a permanent neighbour, so that both routers know all from the first packet on. */
export function wiresOf(as: TestAs): Wire[] {
  const inside = [INTERNAL.brB.address, INTERNAL.brC.address, ...HOSTS, CONTROL_SERVICE.address];
  return [
    wire(INTERNAL_DEVICE, `${INTERNAL.brA.address}/24`, inside, 24),
    ...ownLinks(as).map((link) => wire(deviceOf(link), `${localEnd(link).address}/31`, [remoteEnd(link).address], 31)),
  ];
}

function wire(device: string, address: string, around: readonly string[], length: number): Wire {
  const mac = aroundMac(device);
  return {
    device,
    address,
    mac: routerMac(device),
    neighbours: new Map(around.map((each) => [each, mac])),
    far: { device: farDevice(device), addresses: around.map((each) => `${each}/${length}`), mac },
    mtu: MTU,
  };
}

export function farDevice(device: string): string {
  return `far-${device}`;
}

/** The configuration folder of brA. One processor: packets stay in order. */
export function writeFolder(as: TestAs, folder: string, { bfd = false } = {}): void {
  mkdirSync(join(folder, 'keys'), { recursive: true });
  const router = (name: RouterName) => ({
    internal_addr: `${INTERNAL[name].address}:${INTERNAL[name].port}`,
    interfaces: Object.fromEntries(
      as.links.filter((link) => link.router === name).map((link) => [link.ifid, iface(link)]),
    ),
  });
  const topology = {
    isd_as: as.ia,
    mtu: 1400,
    dispatched_ports: '31000-32767',
    attributes: as.core ? ['core'] : [],
    border_routers: { brA: router('brA'), brB: router('brB'), brC: router('brC') },
    control_service: { cs: { addr: `${CONTROL_SERVICE.address}:${CONTROL_SERVICE.port}` } },
  };
  writeFileSync(join(folder, 'topology.json'), JSON.stringify(topology, null, 2));
  const toml = [
    `[general]\nid = "brA"\nconfig_dir = "${folder}"`,
    '[router]\nnum_processors = 1\nnum_slow_processors = 1',
    `[router.bfd]\ndisable = ${!bfd}`,
    '[log.console]\nlevel = "error"',
  ];
  writeFileSync(join(folder, 'router.toml'), `${toml.join('\n')}\n`);
  for (const name of ['master0.key', 'master1.key']) {
    writeFileSync(join(folder, 'keys', name), Buffer.from(MASTER_KEY).toString('base64'));
  }
}

function iface(link: AsLink) {
  const text = ({ address, port }: SocketAddress) => `${address}:${port}`;
  return {
    underlay: { local: text(localEnd(link)), remote: text(remoteEnd(link)) },
    isd_as: `2-ff00:0:${link.ifid}`,
    link_to: link.kind.toUpperCase(),
    mtu: 1400,
  };
}

function deviceNumber(device: string): number {
  return Number(/\d+$/.exec(device)?.[0] ?? 1);
}
