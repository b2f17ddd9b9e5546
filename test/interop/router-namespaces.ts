/** A router's namespace and one for all that is around it, with a veth pair for each of the router's devices. */
import { ipBatch } from '../../src/emulator/ip-batch.ts';
import { run } from '../../src/process/process.ts';

export interface Wire {
  /** The router's device. */
  readonly device: string;
  /** With its prefix length. */
  readonly address: string;
  readonly mac: string;
  /** Permanent neighbours, by address. */
  readonly neighbours?: ReadonlyMap<string, string>;
  readonly far: { readonly device: string; readonly addresses: readonly string[]; readonly mac?: string };
  readonly mtu: number;
}

export interface RouterNamespaces {
  readonly router: string;
  readonly around: string;
}

/** Runs `body` with the namespaces made (paths), and removes them whatever happens. `name`: at most eight letters. */
export async function withRouterNamespaces(
  name: string,
  wires: readonly Wire[],
  body: (namespaces: RouterNamespaces) => Promise<void>,
): Promise<void> {
  const [router, around] = [`ct${name}r${process.pid}`, `ct${name}a${process.pid}`];
  try {
    await ipBatch([`netns add ${router}`, `netns add ${around}`]);
    await ipBatch(
      wires.map(
        ({ device, mac, far, mtu }) =>
          `link add ${device} netns ${router} address ${mac} mtu ${mtu} type veth peer name ${far.device} netns ${around} mtu ${mtu}${far.mac === undefined ? '' : ` address ${far.mac}`}`,
      ),
    );
    await setUp(
      router,
      wires.map(({ device, address, neighbours }) => ({ device, addresses: [address], neighbours })),
    );
    await setUp(
      around,
      wires.map(({ far }) => far),
    );
    for (const { device, far } of wires) {
      // Checksums complete on the wire, as a real one would have them; and far ends that take redirected frames.
      await run(['ip', 'netns', 'exec', router, 'ethtool', '-K', device, 'rx', 'off', 'tx', 'off', 'gro', 'on']);
      await run(['ip', 'netns', 'exec', around, 'ethtool', '-K', far.device, 'tx', 'off', 'gro', 'on']);
    }
    await body({ router: `/run/netns/${router}`, around: `/run/netns/${around}` });
  } finally {
    await run(['ip', '-force', '-batch', '-'], { input: `netns del ${router}\nnetns del ${around}\n` }).catch(() => {});
  }
}

interface Ends {
  readonly device: string;
  readonly addresses: readonly string[];
  readonly neighbours?: ReadonlyMap<string, string> | undefined;
}

async function setUp(namespace: string, ends: readonly Ends[]): Promise<void> {
  // IPv6 would say hello on every device, where a test expects one packet.
  await run(['ip', 'netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1']);
  await ipBatch(
    [
      'link set lo up',
      ...ends.flatMap(({ device, addresses, neighbours = new Map() }) => [
        ...addresses.map((address) => `address add ${address} dev ${device}`),
        `link set ${device} up`,
        ...[...neighbours].map(([address, mac]) => `neigh add ${address} lladdr ${mac} nud permanent dev ${device}`),
      ]),
    ],
    namespace,
  );
}
