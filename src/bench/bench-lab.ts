/** The namespaces and wires of a bench. They stand in a lab's journal before they are made, as those of any lab. */
import { existsSync, writeFileSync } from 'node:fs';
import { destroyLab } from '../emulator/destroy.ts';
import { ipBatch } from '../emulator/ip-batch.ts';
import { Journal } from '../emulator/journal.ts';
import { LabDirectory } from '../emulator/lab-directory.ts';
import { LabError } from '../errors.ts';
import { native } from '../native.ts';
import { farAddress, farMac, PREFIX_LENGTH, routerAddress, routerMac, SIDES, type Side, WIRE_MTU } from './places.ts';

/** Namespace of generator and sinks. */
const ENDS = 'ends';
/** The generator's program is attached here, where no frame ever comes: without that, each run would cost 24 ms. */
const IDLE = 'idle';
const FIRST_IFINDEX = 10;

const SYSCTLS: Readonly<Record<string, string>> = {
  'net/ipv6/conf/all/disable_ipv6': '1',
  'net/ipv6/conf/default/disable_ipv6': '1',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv4/conf/all/send_redirects': '0',
  'net/ipv4/conf/default/send_redirects': '0',
  'net/ipv4/ip_forward': '1',
  'net/bridge/bridge-nf-call-iptables': '0',
};

/** One thing to be measured stands here. */
export interface Site {
  readonly name: string;
  /** Path of its namespace. */
  readonly netns: string;
  /** As `ip netns` knows it. */
  readonly namespace: string;
  /** Interface indices: of its own devices (named as the sides), and of their far ends, in the namespace of the ends. */
  readonly devices: Readonly<Record<Side, number>>;
  readonly far: Readonly<Record<Side, number>>;
}

export class BenchLab {
  readonly directory: LabDirectory;
  readonly queues: number;
  readonly #sites = new Map<string, Site>();
  /** Index of the idle device. */
  readonly idle = FIRST_IFINDEX;
  #nextIfindex = FIRST_IFINDEX + 2;

  private constructor(directory: LabDirectory, queues: number) {
    this.directory = directory;
    this.queues = queues;
  }

  /**
   * @param names One site each; letters and digits, at most ten.
   * @param queues Of every device, one a core that generates.
   * @throws LabError; nothing stays then
   */
  static async build(names: readonly string[], queues: number): Promise<BenchLab> {
    const lab = new BenchLab(LabDirectory.create(), queues);
    try {
      await lab.#build(names);
      lab.directory.enter('running');
      return lab;
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  /** Path of the namespace of generator and sinks. */
  get ends(): string {
    return this.directory.netns(ENDS);
  }

  /** Above every interface index of the lab. */
  get ifindexLimit(): number {
    return this.#nextIfindex;
  }

  site(name: string): Site {
    const site = this.#sites.get(name);
    if (site === undefined) throw new RangeError(`no site ${name}`);
    return site;
  }

  async destroy(): Promise<void> {
    await destroyLab(this.directory);
  }

  async #build(names: readonly string[]): Promise<void> {
    const { directory } = this;
    const namespaces = [ENDS, ...names].map((name) => directory.namespaceName(name));
    new Journal(directory).record(namespaces.map((name) => ({ kind: 'namespace', name })));
    await ipBatch(namespaces.map((name) => `netns add ${name}`));
    for (const name of [ENDS, ...names]) setSysctls(directory.netns(name));
    await ipBatch(
      [
        `link add ${IDLE} index ${this.idle} type veth peer name ${IDLE}-peer index ${this.idle + 1}`,
        `link set ${IDLE} up`,
      ],
      directory.namespaceName(ENDS),
    );
    for (const name of names) await this.#addSite(name);
  }

  async #addSite(name: string): Promise<void> {
    const namespace = this.directory.namespaceName(name);
    const devices = { in: 0, out: 0, host: 0 };
    const far = { in: 0, out: 0, host: 0 };
    for (const side of SIDES) {
      devices[side] = this.#nextIfindex++;
      far[side] = this.#nextIfindex++;
    }
    const queues = `numtxqueues ${this.queues} numrxqueues ${this.queues}`;
    const ends = this.directory.namespaceName(ENDS);
    await ipBatch(
      SIDES.map(
        (side) =>
          `link add name ${side} index ${devices[side]} address ${routerMac(side)} mtu ${WIRE_MTU} netns ${namespace} ${queues} ` +
          `type veth peer name ${farDevice(name, side)} index ${far[side]} address ${farMac(side)} mtu ${WIRE_MTU} netns ${ends} ${queues}`,
      ),
    );
    await ipBatch(
      SIDES.map((side) => `link set ${farDevice(name, side)} up`),
      ends,
    );
    await ipBatch(
      [
        'link set lo up',
        ...SIDES.flatMap((side) => [
          `address add ${routerAddress(side)}/${PREFIX_LENGTH} dev ${side}`,
          `link set ${side} up`,
          `neigh add ${farAddress(side)} lladdr ${farMac(side)} dev ${side} nud permanent`,
        ]),
      ],
      namespace,
    );
    const netns = this.directory.netns(name);
    this.#sites.set(name, { name, netns, namespace, devices, far });
    setOffloads(netns, SIDES);
    setOffloads(
      this.ends,
      SIDES.map((side) => farDevice(name, side)),
    );
  }
}

/** Checksums are complete on the wire, and every device takes frames that XDP redirects to its peer. */
const OFFLOADS = { 'tx-checksum-ip-generic': false, 'rx-gro': true } as const;

function setOffloads(netns: string, devices: readonly string[]): void {
  native().inNetns(netns, () => {
    for (const device of devices) {
      const unknown = native().setFeatures(device, OFFLOADS);
      if (unknown.length > 0) throw new LabError(`this kernel has no device feature ${unknown.join(', ')}`);
    }
  });
}

function farDevice(site: string, side: Side): string {
  return `${site}-${side}`;
}

function setSysctls(netns: string): void {
  native().inNetns(netns, () => {
    for (const [name, value] of Object.entries(SYSCTLS)) {
      const path = `/proc/sys/${name}`;
      // A kernel without IPv6 or bridge netfilter lacks what these turn off.
      if (existsSync(path)) writeFileSync(path, value);
    }
  });
}
