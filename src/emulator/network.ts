/** Makes the plan's namespaces, devices, addresses, routes and neighbours, with as few processes as possible. */
import { existsSync, writeFileSync } from 'node:fs';
import { native } from '../native.ts';
import { inParallel } from '../process/parallel.ts';
import { applyDeviceRoles, queues } from './device-roles.ts';
import { ipBatch, tcBatch } from './ip-batch.ts';
import type { Journal } from './journal.ts';
import type { LabDirectory } from './lab-directory.ts';
import type { NamespaceId, NamespacePlan, Plan, VethEnd } from './plan.ts';

/** Namespace of the plan → a process that runs in it. */
export type ExistingNamespaces = ReadonlyMap<NamespaceId, number>;

const ROUTER_SYSCTLS: Readonly<Record<string, string>> = {
  'net/ipv4/ip_forward': '1',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv4/conf/all/send_redirects': '0',
  'net/ipv4/conf/default/send_redirects': '0',
  // Errors that a hijack or a cut causes are results here; the kernel must not thin them out.
  'net/ipv4/icmp_ratelimit': '0',
};

const COMMON_SYSCTLS: Readonly<Record<string, string>> = {
  'net/ipv6/conf/all/disable_ipv6': '1',
  'net/ipv6/conf/default/disable_ipv6': '1',
  // A closed socket that waits for an answer keeps its namespace, devices and BPF programs for minutes after a lab's end.
  'net/ipv4/tcp_orphan_retries': '1',
};

const BRIDGE_SYSCTLS: Readonly<Record<string, string>> = {
  'net/bridge/bridge-nf-call-iptables': '0',
  'net/bridge/bridge-nf-call-ip6tables': '0',
};

/**
 * @param existing For namespaces that are there already, such as those of a cluster's containers: a process in each.
 */
export async function buildNetwork(
  plan: Plan,
  lab: LabDirectory,
  journal: Journal,
  existing: ExistingNamespaces = new Map(),
): Promise<void> {
  const names = plan.namespaces.map((namespace) => lab.namespaceName(namespace.id));
  journal.record(names.map((name) => ({ kind: 'namespace', name })));
  await ipBatch(
    plan.namespaces.map(({ id }) => {
      const pid = existing.get(id);
      return pid === undefined ? `netns add ${lab.namespaceName(id)}` : `netns attach ${lab.namespaceName(id)} ${pid}`;
    }),
  );
  for (const namespace of plan.namespaces) setSysctls(namespace, lab.netns(namespace.id));
  await ipBatch([
    ...plan.bridges.map(
      (bridge) => `link add name ${bridge.device} netns ${lab.namespaceName(bridge.namespace)} type bridge`,
    ),
    ...plan.veths.map((veth) => `link add ${end(veth.a, lab)} type veth peer ${end(veth.b, lab)}`),
  ]);
  const ends = Map.groupBy(
    plan.veths.flatMap((veth) => [veth.a, veth.b]),
    (veth) => veth.namespace,
  );
  const bridges = Map.groupBy(plan.bridges, (bridge) => bridge.namespace);
  await inParallel(plan.namespaces, async (namespace) => {
    const devices = ends.get(namespace.id) ?? [];
    const commands = configure(
      namespace,
      devices,
      (bridges.get(namespace.id) ?? []).map((bridge) => bridge.device),
    );
    await ipBatch(commands, lab.namespaceName(namespace.id));
    applyDeviceRoles(devices, lab.netns(namespace.id));
    await tcBatch(queues(devices), lab.namespaceName(namespace.id));
  });
}

function end(veth: VethEnd, lab: LabDirectory): string {
  const name = `name ${veth.device} index ${veth.ifindex} address ${veth.mac} mtu ${veth.mtu}`;
  return `${name} netns ${lab.namespaceName(veth.namespace)}`;
}

function configure(namespace: NamespacePlan, devices: readonly VethEnd[], bridges: readonly string[]): string[] {
  return [
    'link set dev lo up',
    ...namespace.loopback.map((address) => `addr add ${address} dev lo`),
    ...bridges.map((bridge) => `link set dev ${bridge} up`),
    ...devices.flatMap((device) => [
      ...(device.bridge === undefined ? [] : [`link set dev ${device.device} master ${device.bridge}`]),
      ...device.addresses.map((address) => `addr add ${address} dev ${device.device}`),
      // Routes lead into the segmenter without a next hop, and nobody at its far end answers for one.
      `link set dev ${device.device}${device.role === 'segmenter' ? ' arp off' : ''} up`,
    ]),
    ...namespace.neighbors.map((n) => `neigh add ${n.address} lladdr ${n.mac} dev ${n.device} nud permanent`),
    ...namespace.routes.map((route) => {
      const via = route.via === undefined ? '' : ` via ${route.via}`;
      const source = route.source === undefined ? '' : ` src ${route.source}`;
      return `route add ${route.to}${via} dev ${route.device}${source}`;
    }),
  ];
}

function setSysctls(namespace: NamespacePlan, netns: string): void {
  const router = namespace.kind === 'as' || namespace.kind === 'node';
  const settings = {
    ...COMMON_SYSCTLS,
    ...(router ? ROUTER_SYSCTLS : {}),
    ...(namespace.kind === 'lan' ? BRIDGE_SYSCTLS : {}),
  };
  native().inNetns(netns, () => {
    for (const [name, value] of Object.entries(settings)) {
      const path = `/proc/sys/${name}`;
      // A kernel without IPv6 or bridge netfilter lacks what these turn off.
      if (existsSync(path)) writeFileSync(path, value);
    }
  });
}
