/** Two namespaces joined by a wire with its middle in a third, as a lab has them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { applyDeviceRoles } from '../../src/emulator/device-roles.ts';
import type { VethEnd, WirePlan } from '../../src/emulator/plan.ts';
import { startWireProcess, type WireProcess } from '../../src/emulator/wire/wire-control.ts';
import { native } from '../../src/native.ts';
import { run } from '../../src/process/process.ts';
import type { Shape } from '../../src/topology/model.ts';

export const UNSHAPED: Shape = { delayNs: 0, jitterNs: 0, lossPpm: 0, rateBps: 0, queueNs: 0, cut: false };

export interface WireSpec {
  readonly link: string;
  readonly ab: Shape;
  readonly ba: Shape;
  readonly ringSlots: number;
  readonly mtu?: number;
}

export interface WireLab {
  /** Paths of the namespaces at the ends; wire i's device in them is `w<i>`, its addresses 10.9.<i>.1 and .2. */
  readonly a: string;
  readonly b: string;
  readonly middle: string;
  readonly folder: string;
  readonly plans: readonly WirePlan[];
  readonly wires: WireProcess;
  close(): Promise<void>;
}

/** @param id distinguishes namespaces of tests that run at the same time; a few letters. */
export async function makeWireLab(
  id: string,
  specs: readonly WireSpec[],
  { captureBytes = 1 << 22 }: { readonly captureBytes?: number } = {},
): Promise<WireLab> {
  const folder = mkdtempSync(path.join(os.tmpdir(), `cilion-wire-${id}-`));
  const bpffs = path.join(folder, 'bpf');
  const names = { a: `ctw${id}-a`, b: `ctw${id}-b`, middle: `ctw${id}-m` };
  const close: (() => Promise<unknown>)[] = [];
  const undo = async () => {
    for (const step of close.reverse()) await step();
  };
  try {
    close.push(async () => rmSync(folder, { recursive: true }));
    mkdirSync(bpffs);
    native().mountBpffs(bpffs);
    close.push(async () => native().unmount(bpffs));
    await batch(Object.values(names).map((name) => `netns add ${name}`));
    close.push(() => batch(Object.values(names).map((name) => `netns del ${name}`)));
    const plans = specs.map(planOf);
    for (const name of Object.values(names)) quiet(`/run/netns/${name}`);
    await batch(specs.flatMap((spec, i) => links(names, plans[i]!, spec, i)));
    const [a, b, middle] = [names.a, names.b, names.middle].map((name) => `/run/netns/${name}`) as [
      string,
      string,
      string,
    ];
    applyDeviceRoles(outerEnds(names.a, specs.length), a);
    applyDeviceRoles(outerEnds(names.b, specs.length), b);
    for (const [side, name] of Object.entries(names)) {
      await batch(['link set lo up', ...specs.flatMap((_, i) => bringUp(side, i))], name);
    }
    const wires = await startWireProcess(
      {
        netns: middle,
        pins: path.join(bpffs, 'wires'),
        socket: path.join(folder, 'control'),
        wires: plans,
        captureBytes,
      },
      { config: path.join(folder, 'config.json'), log: path.join(folder, 'log') },
    );
    close.push(async () => {
      wires.control.close();
      await wires.running.stop();
    });
    return { a, b, middle, folder, plans, wires, close: undo };
  } catch (error) {
    await undo();
    throw error;
  }
}

function planOf(spec: WireSpec, i: number): WirePlan {
  const end = (side: 'a' | 'b', ifindex: number) => ({
    device: `m${i}${side}`,
    ifindex,
    outer: { namespace: side, device: `w${i}`, ifindex: 1000 + i },
  });
  const { link, ab, ba, ringSlots, mtu = 1500 } = spec;
  return { link, ab, ba, ringSlots, mtu, seed: 7, a: end('a', 100 + 2 * i), b: end('b', 101 + 2 * i) };
}

function links(names: { a: string; b: string; middle: string }, plan: WirePlan, spec: WireSpec, i: number): string[] {
  const mtu = spec.mtu ?? 1500;
  return (['a', 'b'] as const).map((side) => {
    const { outer, device, ifindex } = plan[side];
    const inner = `name ${device} index ${ifindex} mtu ${mtu} netns ${names.middle}`;
    return `link add name ${outer.device} mtu ${mtu} index ${1000 + i} netns ${names[side]} type veth peer ${inner}`;
  });
}

function outerEnds(namespace: string, wires: number): VethEnd[] {
  return Array.from({ length: wires }, (_, i) => ({
    namespace,
    device: `w${i}`,
    ifindex: 1000 + i,
    mac: '',
    mtu: 1500,
    role: 'wire',
    addresses: [],
  }));
}

/** As in a lab: no IPv6, so that nobody sends router solicitations into a measurement. */
function quiet(netns: string): void {
  native().inNetns(netns, () => {
    for (const scope of ['all', 'default']) writeFileSync(`/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`, '1');
  });
}

function bringUp(side: string, i: number): string[] {
  if (side === 'middle') return [`link set m${i}a up`, `link set m${i}b up`];
  return [`addr add 10.9.${i}.${side === 'a' ? 1 : 2}/24 dev w${i}`, `link set w${i} up`];
}

async function batch(commands: readonly string[], namespace?: string): Promise<void> {
  const within = namespace === undefined ? [] : ['-n', namespace];
  await run(['ip', ...within, '-batch', '-'], { input: `${commands.join('\n')}\n` });
}
