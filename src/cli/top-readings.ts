/** All counters of a running lab at one moment, as `cilion top` shows their change. */
import { existsSync, readFileSync } from 'node:fs';
import type { ReasonCount } from '../dataplane/counters.ts';
import { NodeDataplane } from '../dataplane/node.ts';
import { type NodePath, NodePaths } from '../dataplane/node-paths.ts';
import { BorderRouterDataplane } from '../dataplane/router.ts';
import type { LabDirectory } from '../emulator/lab-directory.ts';
import { type LinkEndPlan, type NamespaceId, type Plan, wiredLinks } from '../emulator/plan.ts';
import { Wires } from '../emulator/wires.ts';
import { native } from '../native.ts';
import type { Topology } from '../topology/model.ts';
import { ROUTERS_PINS } from '../transports/cilion.ts';
import { asName } from './lab-names.ts';

/** Frames that arrived at one end of a wire, and those that were lost on it. */
export interface WayCount {
  readonly packets: number;
  readonly bytes: number;
  readonly dropped: number;
}

export interface WireReading {
  /** What its ends are called; `ab` leads from the first to the second. */
  readonly ends: readonly [string, string];
  readonly ab: WayCount;
  readonly ba: WayCount;
}

/** A transit AS, or a node of a cluster. */
export interface PlaceReading {
  readonly place: string;
  readonly counts: readonly ReasonCount[];
}

export interface PathReading extends NodePath {
  /** `cluster/node` of both ends. */
  readonly from: string;
  readonly to: string;
}

export interface Reading {
  /** performance.now(), milliseconds. */
  readonly at: number;
  readonly wires: readonly WireReading[];
  readonly places: readonly PlaceReading[];
  readonly paths: readonly PathReading[];
}

interface DeviceName {
  readonly namespace: NamespaceId;
  readonly device: string;
}

interface PlannedWire {
  readonly ends: readonly [string, string];
  /** Of a wire with a middle, which counts for itself. */
  readonly link?: string;
  readonly a: DeviceName;
  readonly b: DeviceName;
}

export class LabReader {
  readonly #lab: LabDirectory;
  readonly #plan: Plan;
  readonly #wires: Wires;
  readonly #planned: readonly PlannedWire[];
  readonly #places: readonly { readonly place: string; read(): ReasonCount[] }[];
  readonly #paths: readonly { readonly from: string; readonly paths: NodePaths }[];
  readonly #hosts: ReadonlyMap<string, string>;

  /** @throws LabError when the process that runs the lab's wires is gone */
  static async open(lab: LabDirectory): Promise<LabReader> {
    const plan = lab.plan();
    return new LabReader(lab, plan, lab.topology(), await Wires.attach(plan, lab));
  }

  private constructor(lab: LabDirectory, plan: Plan, topology: Topology, wires: Wires) {
    this.#lab = lab;
    this.#plan = plan;
    this.#wires = wires;
    this.#planned = plannedWires(plan, topology);
    this.#hosts = new Map(members(plan).map(({ name, node }) => [node.address, name]));
    const attached = this.hasDataplane;
    this.#places = attached ? placesOf(lab, plan, topology) : [];
    this.#paths = attached
      ? members(plan).map(({ name, node }) => ({ from: name, paths: new NodePaths(lab.path('bpf', node.namespace)) }))
      : [];
  }

  /** Only CilION has BPF programs that count. */
  get hasDataplane(): boolean {
    return existsSync(this.#lab.path('bpf', ROUTERS_PINS));
  }

  async read(): Promise<Reading> {
    const middles = await this.#wires.counters();
    const devices = this.#readDevices();
    const wires = this.#planned.map(({ ends, link, a, b }): WireReading => {
      const middle = link === undefined ? undefined : middles[link];
      if (middle !== undefined) return { ends, ab: ofMiddle(middle.ab), ba: ofMiddle(middle.ba) };
      return { ends, ab: devices.get(keyOf(b)) ?? NOTHING, ba: devices.get(keyOf(a)) ?? NOTHING };
    });
    const paths = this.#paths.flatMap(({ from, paths: own }) =>
      own.read().map((path) => ({ ...path, from, to: this.#hosts.get(path.host) ?? path.host })),
    );
    const places = this.#places.map(({ place, read }) => ({ place, counts: read() }));
    return { at: performance.now(), wires, places, paths };
  }

  close(): void {
    this.#wires.close();
  }

  /** What each device has received: frames that XDP takes or was handed are among them (drivers/net/veth.c). */
  #readDevices(): ReadonlyMap<string, WayCount> {
    return new Map(
      this.#plan.namespaces.flatMap(({ id }) => {
        const text = native().inNetns(this.#lab.netns(id), () => readFileSync('/proc/net/dev', 'utf8'));
        return parseDevices(text).map(({ device, received }) => [keyOf({ namespace: id, device }), received] as const);
      }),
    );
  }
}

const NOTHING: WayCount = { packets: 0, bytes: 0, dropped: 0 };

/** /proc/net/dev: after the name, bytes, packets, errors and drops of what was received. */
export function parseDevices(text: string): { device: string; received: WayCount }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*([^:\s]+):\s*(\d+)\s+(\d+)\s+\d+\s+(\d+)/.exec(line);
    if (match === null) return [];
    const [, device = '', bytes, packets, dropped] = match;
    return [{ device, received: { bytes: Number(bytes), packets: Number(packets), dropped: Number(dropped) } }];
  });
}

function plannedWires(plan: Plan, topology: Topology): PlannedWire[] {
  const middles = new Set(plan.wires.map(({ link }) => link));
  const end = ({ ia, ifid }: LinkEndPlan) => `${asName(topology, ia)}#${ifid}`;
  const links = wiredLinks(plan).map(({ id, a, b }): PlannedWire => {
    return { ends: [end(a), end(b)], a, b, ...(middles.has(id) ? { link: id } : {}) };
  });
  const inClusters = plan.clusters.flatMap(({ name, nodes, pods }) =>
    [...nodes, ...pods].flatMap((each): PlannedWire[] => {
      const far = 'node' in each ? `${name}/${each.node}` : `${name}/lan`;
      const wire = plan.veths.find(({ a, b }) =>
        'node' in each
          ? b.namespace === each.namespace
          : a.namespace === each.namespace && a.device === each.lan?.device,
      );
      if (wire === undefined) return [];
      const [a, b] = 'node' in each ? [wire.b, wire.a] : [wire.a, wire.b];
      return [{ ends: [`${name}/${each.name}`, far], a, b }];
    }),
  );
  return [...links, ...inClusters];
}

function placesOf(lab: LabDirectory, plan: Plan, topology: Topology) {
  const transit = BorderRouterDataplane.reopen(lab.path('bpf', ROUTERS_PINS));
  return [
    ...plan.ases
      .filter((as) => as.cluster === undefined)
      .map(({ ia, slot }) => ({ place: asName(topology, ia), read: () => transit.counters(slot) })),
    ...members(plan).map(({ name, node }) => {
      const dataplane = NodeDataplane.reopen(lab.path('bpf', node.namespace));
      return { place: name, read: () => dataplane.counters(0) };
    }),
  ];
}

function members(plan: Plan) {
  return plan.clusters.flatMap(({ name, nodes }) => nodes.map((node) => ({ name: `${name}/${node.name}`, node })));
}

function ofMiddle(count: { packets: number; bytes: number; dropped: Readonly<Record<string, number>> }): WayCount {
  const dropped = Object.values(count.dropped).reduce((sum, each) => sum + each, 0);
  return { packets: count.packets, bytes: count.bytes, dropped };
}

function keyOf({ namespace, device }: DeviceName): string {
  return `${namespace} ${device}`;
}
