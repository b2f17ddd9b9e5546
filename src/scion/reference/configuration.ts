/**
 * The configuration of the reference services, as text: topology.json, staticInfoConfig.json and one TOML a service.
 * Formats: the manuals under doc/manuals of the reference, and what its services print with `sample config`.
 */
import { join } from 'node:path';
import type { LinkEndPlan, LinkPlan, Plan } from '../../emulator/plan.ts';
import type { As, IsdAs, Topology } from '../../topology/model.ts';
import { UNDERLAY_OVERHEAD } from '../../topology/schema.ts';
import { CONTROL_PORT, DAEMON_PORT, DISPATCHED_PORTS, ROUTER_PORT } from '../ports.ts';
import { gatewayEntry, gatewayPlaces } from './gateway.ts';
import { type AsPlace, fileName, type RouterPlace, referencePlaces } from './places.ts';
import type { ScionTool } from './tools.ts';

/** A daemon asks the control service of its AS, next door, for whatever is older. */
const DAEMON_QUERY_MS = 1000;

/** On 127.0.0.1 of the service's namespace, HTTP: /metrics. */
export const METRICS_PORTS = { router: 30_442, control: 30_452, daemon: 30_455, dispatcher: 30_441 } as const;

export interface ReferenceService {
  /** As in topology.json: `br1-ff00_0_110-1`. Unique in the lab. */
  readonly id: string;
  readonly kind: Extract<ScionTool, keyof typeof METRICS_PORTS>;
  readonly ia: IsdAs;
  readonly namespace: string;
  /** Its TOML file. */
  readonly config: string;
  /** Accepts TCP connections once the service works. */
  readonly ready: { readonly address: string; readonly port: number };
}

export interface ReferenceAs {
  readonly ia: IsdAs;
  /** Configuration of the AS: topology.json, keys/, certs/, crypto/ and a TOML file for each service. */
  readonly folder: string;
  readonly daemon: { readonly namespace: string; readonly address: string; readonly port: number };
}

export interface ReferenceConfiguration {
  /** What to write, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly services: readonly ReferenceService[];
  readonly ases: readonly ReferenceAs[];
}

/** How often control services do their rounds, milliseconds. */
export interface ControlIntervals {
  /** Send beacons of their own, pass on those of others, register segments. */
  readonly beaconsMs: number;
  /** Age at which segments of other ASes are asked for anew. */
  readonly queryMs: number;
}

export interface ConfigurationOptions {
  /** Absolute path that everything is to stand under: `gen/` and `state/`. */
  readonly folder: string;
  readonly intervals: ControlIntervals;
}

/** Pure: nothing is written. */
export function referenceConfiguration(
  plan: Plan,
  topology: Topology,
  { folder, intervals }: ConfigurationOptions,
): ReferenceConfiguration {
  const files = new Map<string, string>();
  const services: ReferenceService[] = [];
  const ases: ReferenceAs[] = [];
  for (const place of referencePlaces(plan)) {
    const as = topology.ases.find(({ ia }) => ia === place.ia);
    if (as === undefined) throw new RangeError(`the topology has no AS ${place.ia}`);
    const asFolder = join(folder, 'gen', place.folder);
    files.set(join(asFolder, 'topology.json'), json(topologyJson(plan, as, place)));
    files.set(join(asFolder, 'staticInfoConfig.json'), json(staticInfo(plan, topology, as.ia)));
    const toml = (id: string, kind: ReferenceService['kind'], more: string): string => {
      const file = join(asFolder, `${id}.toml`);
      files.set(file, general(id, kind, asFolder) + more);
      return file;
    };
    const add = (id: string, kind: ReferenceService['kind'], at: RouterPlace, more: string, port?: number) => {
      const ready =
        port === undefined ? { address: '127.0.0.1', port: METRICS_PORTS[kind] } : { address: at.address, port };
      services.push({ id, kind, ia: as.ia, namespace: at.namespace, config: toml(id, kind, more), ready });
    };
    for (const [index, router] of place.routers.entries()) {
      add(router.id, 'router', router, '');
      const dispatcher = `disp${fileName(as.ia)}-${index + 1}`;
      add(dispatcher, 'dispatcher', router, dispatcherToml(dispatcher, router));
    }
    const [first] = place.routers;
    const name = fileName(as.ia);
    const state = join(folder, 'state');
    add(`cs${name}-1`, 'control', first, controlToml(`cs${name}-1`, state, as, intervals), CONTROL_PORT);
    add(`sd${name}`, 'daemon', first, daemonToml(`sd${name}`, state, first), DAEMON_PORT);
    const daemon = { namespace: first.namespace, address: first.address, port: DAEMON_PORT };
    ases.push({ ia: as.ia, folder: asFolder, daemon });
  }
  return { files, services, ases };
}

function topologyJson(plan: Plan, as: As, { ia, routers }: AsPlace): unknown {
  const [first] = routers;
  const gateway = gatewayPlaces(plan).find(({ cluster }) => cluster.ia === ia);
  const control = { [`cs${fileName(ia)}-1`]: { addr: `${first.address}:${CONTROL_PORT}` } };
  return {
    isd_as: ia,
    mtu: as.mtu - UNDERLAY_OVERHEAD,
    attributes: as.core ? ['core'] : [],
    dispatched_ports: DISPATCHED_PORTS,
    control_service: control,
    discovery_service: control,
    ...(gateway === undefined ? {} : { sigs: gatewayEntry(gateway) }),
    border_routers: Object.fromEntries(
      routers.map(({ id, address, namespace }) => [
        id,
        { internal_addr: `${address}:${ROUTER_PORT}`, interfaces: interfacesOf(plan, namespace) },
      ]),
    ),
  };
}

function interfacesOf(plan: Plan, namespace: string): Record<number, unknown> {
  const ends = plan.links.flatMap((link) => [
    { link, own: link.a, other: link.b },
    { link, own: link.b, other: link.a },
  ]);
  return Object.fromEntries(
    ends
      .filter(({ own }) => own.namespace === namespace)
      .map(({ link, own, other }) => [own.ifid, interfaceJson(link, own, other)]),
  );
}

function interfaceJson(link: LinkPlan, own: LinkEndPlan, other: LinkEndPlan): unknown {
  return {
    underlay: { local: `${own.address}:${own.port}`, remote: `${other.address}:${other.port}` },
    isd_as: other.ia,
    // What the neighbour is to this AS.
    link_to: link.kind === 'child' ? (own === link.a ? 'child' : 'parent') : link.kind,
    // The reference counts SCION packets (doc/manuals/common.rst), the plan the IP packets that carry them.
    mtu: link.mtu - UNDERLAY_OVERHEAD,
    ...(link.kind === 'peer' ? { remote_interface_id: other.ifid } : {}),
  };
}

/**
 * Latencies that beacons carry: of the wires as the topology shapes them, and none inside an AS. A beacon has one number
 * for a link; on a link with a delay of its own in each direction it is that of the direction away from this AS.
 */
function staticInfo(plan: Plan, topology: Topology, ia: IsdAs): unknown {
  const ends = topology.links.flatMap(({ a, b, shape }) => [
    { end: a, delayNs: shape?.ab.delayNs ?? 0 },
    { end: b, delayNs: shape?.ba.delayNs ?? 0 },
  ]);
  const own = ends.filter(({ end }) => end.ia === ia);
  const latency = own.map(({ end, delayNs }) => {
    const others = own.filter((other) => other.end.ifid !== end.ifid).map((other) => [other.end.ifid, '0ns']);
    return [end.ifid, { Inter: `${delayNs}ns`, Intra: Object.fromEntries(others) }];
  });
  return { Latency: Object.fromEntries(latency), Note: `${plan.topology}: ${ia}` };
}

function general(id: string, kind: ReferenceService['kind'], asFolder: string): string {
  // The shim dispatcher alone knows no [general].
  const head = kind === 'dispatcher' ? '' : `[general]\nid = ${text(id)}\nconfig_dir = ${text(asFolder)}\n\n`;
  return `${head}[log.console]\nlevel = "info"\n\n[metrics]\nprometheus = "127.0.0.1:${METRICS_PORTS[kind]}"\n`;
}

function controlToml(id: string, state: string, as: As, intervals: ControlIntervals): string {
  return `
[trust_db]
connection = ${text(join(state, `${id}.trust.db`))}

[beacon_db]
connection = ${text(join(state, `${id}.beacon.db`))}

[path_db]
connection = ${text(join(state, `${id}.path.db`))}

[beaconing]
origination_interval = "${intervals.beaconsMs}ms"
propagation_interval = "${intervals.beaconsMs}ms"
registration_interval = "${intervals.beaconsMs}ms"

[path]
query_interval = "${intervals.queryMs}ms"
${as.issuing ? '\n[ca]\nmode = "in-process"\n' : ''}`;
}

function daemonToml(id: string, state: string, place: RouterPlace): string {
  return `
[trust_db]
connection = ${text(join(state, `${id}.trust.db`))}

[path_db]
connection = ${text(join(state, `${id}.path.db`))}

[sd]
address = "${place.address}:${DAEMON_PORT}"
query_interval = "${DAEMON_QUERY_MS}ms"
`;
}

/** It answers SCMP echo and traceroute requests to the host, nothing else. */
function dispatcherToml(id: string, place: RouterPlace): string {
  return `
[dispatcher]
id = ${text(id)}
underlay_addr = "${place.address}"
`;
}

/** A JSON string without characters outside ASCII is a TOML string too; names and paths here are such. */
function text(value: string): string {
  return JSON.stringify(value);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
