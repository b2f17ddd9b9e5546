/** The reference's own acceptance set-up of a router (acceptance/router_multi): its configuration, unchanged, and its wires. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scionTools } from '../../src/scion/reference/tools.ts';
import type { SocketAddress } from '../../src/scion/topology-json.ts';
import { type RouterNamespaces, type Wire, withRouterNamespaces } from './router-namespaces.ts';

/** Everybody around the router has this MAC address. */
const AROUND_MAC = 'f0:0d:ca:fe:be:ef';
const MTU = 8000;
const EXTERNAL = [12, 13, 14, 15];

export const ROUTER_ADDRESSES: readonly SocketAddress[] = [
  { address: '192.168.0.11', port: 30_001 },
  ...EXTERNAL.map((net) => ({ address: `192.168.${net}.2`, port: 50_000 })),
];

const WIRES: readonly Wire[] = [
  wire(
    'int',
    '192.168.0.11/24',
    '01',
    [12, 13, 14, 51, 61, 71].map((host) => `192.168.0.${host}`),
  ),
  ...EXTERNAL.map((net) => wire(`${net}1`, `192.168.${net}.2/31`, String(net), [`192.168.${net}.3`])),
];

export const ROUTER_DEVICES: readonly string[] = WIRES.map(({ device }) => device);

function wire(name: string, address: string, mac: string, around: readonly string[]): Wire {
  return {
    device: `veth_${name}`,
    address,
    mac: `f0:0d:ca:fe:00:${mac}`,
    neighbours: new Map(around.map((each) => [each, AROUND_MAC])),
    far: { device: `veth_${name}_host`, addresses: [] },
    mtu: MTU,
  };
}

export interface RouterMulti extends RouterNamespaces {
  /** Configuration folder. */
  readonly config: string;
  /** What braccept calls the artifacts folder: the configuration is `conf` in it. */
  readonly artifacts: string;
}

/** @param bfd whether the router speaks BFD, as the two configurations of the acceptance test have it */
export async function withRouterMulti(
  name: string,
  bfd: boolean,
  body: (setUp: RouterMulti) => Promise<void>,
): Promise<void> {
  const { moduleDir } = await scionTools();
  const artifacts = mkdtempSync(join(tmpdir(), 'cilion-braccept-'));
  const config = join(artifacts, 'conf');
  try {
    copyWritable(join(moduleDir, 'acceptance/router_multi/conf'), config);
    const toml = readFileSync(join(config, bfd ? 'router.toml' : 'router_nobfd.toml'), 'utf8');
    // The folder is where the container of the acceptance test has it; and its log level is for people.
    writeFileSync(join(config, 'router.toml'), toml.replace('/etc/scion', config).replace('"debug"', '"info"'));
    await withRouterNamespaces(name, WIRES, (namespaces) => body({ ...namespaces, config, artifacts }));
  } finally {
    rmSync(artifacts, { recursive: true, force: true });
  }
}

/** The module cache is read-only. */
function copyWritable(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyWritable(source, target);
    else writeFileSync(target, readFileSync(source));
  }
}
