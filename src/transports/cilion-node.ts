/** One cluster node of a lab with CilION's programs on its devices. */
import type { ReasonCount } from '../dataplane/counters.ts';
import { NodeDataplane } from '../dataplane/node.ts';
import { ipBatch } from '../emulator/ip-batch.ts';
import type { Lab } from '../emulator/lab.ts';
import { accessWires } from '../emulator/link-sides.ts';
import { type ClusterPlan, ifindexLimit, type NodePlan, type PodPlan } from '../emulator/plan.ts';
import { desiredState, type Intent } from '../k8s/agent/desired-state.ts';
import { NodeAgent } from '../k8s/agent/node-agent.ts';
import type { NodeView } from '../k8s/agent/node-view.ts';
import { FALLBACK_MARK, SEGMENTER_RULE, SEGMENTER_TABLE, segmenterRoute } from '../k8s/agent/segmenter-routes.ts';
import type { ClusterObjects } from '../k8s/changes.ts';
import { plannedIntent } from '../k8s/clusters/planned-intent.ts';
import { plannedView } from '../k8s/clusters/planned-view.ts';
import { HOST_PORT, ROUTER_PORT } from '../scion/ports.ts';

/** Failover is the probes' affair and does not wait for this. */
const EVENTS_POLL_MS = 50;

export class CilionNode {
  readonly cluster: ClusterPlan;
  readonly node: NodePlan;
  readonly agent: NodeAgent;
  readonly #lab: Lab;
  readonly #view: NodeView;
  readonly #netns: string;
  readonly #pods: readonly PodPlan[];
  #intent: Intent;
  readonly #dataplane: NodeDataplane;
  #stopWatching: () => void = () => {};
  /** MTU of the route into the segmenter, by remote pods' CIDR; empty while pods are not attached. */
  #routed = new Map<string, number>();

  constructor(lab: Lab, cluster: ClusterPlan, node: NodePlan, pins: string) {
    this.#lab = lab;
    this.cluster = cluster;
    this.node = node;
    this.#netns = lab.netns(node.namespace);
    this.#pods = cluster.pods.filter((pod) => pod.node === node.name);
    this.#intent = plannedIntent(cluster, node);
    this.#view = plannedView(lab.plan, cluster, node);
    const linkLimit = lab.plan.ases.find((as) => as.ia === cluster.ia)?.linkLimit ?? 0;
    this.#dataplane = NodeDataplane.load({ ifindexLimit: ifindexLimit(lab.plan), linkLimit });
    this.#dataplane.pin(pins);
    this.#dataplane.configureNode({
      address: node.address,
      routerPort: ROUTER_PORT,
      hostPort: HOST_PORT,
      podCidr: node.podCidr,
      segmenterIn: node.segmenter.outer.ifindex,
      segmenterOut: node.segmenter.inner.ifindex,
      fallbackMark: FALLBACK_MARK,
    });
    this.agent = new NodeAgent(this.#dataplane);
    this.agent.configure(this.#view, lab.control.forwardingKey(cluster.ia), linkLimit);
    this.#reconcile();
    lab.onPaths((src) => {
      if (src !== cluster.ia) return;
      this.#reconcile();
      this.#followMtu().catch((error: unknown) => {
        lab.watch.report(`the routes of ${cluster.name}/${node.name} do not follow its paths: ${String(error)}`);
      });
    });
  }

  /** Has the maps hold the paths of this moment. Where a daemon knows none, those of before remain, and probes judge them. */
  #reconcile(): void {
    const { control } = this.#lab;
    const { ia } = this.#view;
    if (this.#view.remotes.some((remote) => control.paths(ia, remote.ia).length === 0)) return;
    this.agent.reconcile(desiredState(this.#view, (dst) => control.paths(ia, dst), this.#intent));
  }

  /** Other path policies and labels than before, of the node's cluster. */
  async apply(objects: ClusterObjects): Promise<void> {
    this.#intent = plannedIntent(this.cluster, this.node, objects);
    this.#reconcile();
    await this.#followMtu();
  }

  /** Puts the border router on the node's devices. */
  attachRouter(): void {
    for (const device of this.#xdpDevices()) {
      if (device.ifid === 0) this.#dataplane.attachInternal(device);
      else this.#dataplane.attachUplink(device);
    }
    for (const device of this.#accessDevices()) this.#dataplane.attachAccess(device);
  }

  /** Has pods' packets to other clusters sent into SCION; what the programs leave to the kernel goes into the segmenter. */
  async attachPods(): Promise<void> {
    for (const device of this.#podSides()) this.#dataplane.attachPodSide(device);
    this.#routed = this.#innerMtus();
    const routes = [...this.#routed].map(([cidr, mtu]) => this.#route('add', cidr, mtu));
    await this.#ip([...routes, `rule add ${SEGMENTER_RULE}`]);
  }

  /** Once every node is attached: the far ends must be able to answer. */
  startProbing(): void {
    this.#watchInterfaces();
    const name = `the agent of ${this.cluster.name}/${this.node.name}`;
    this.agent.startProbing(this.#netns, (error) => this.#lab.watch.report(`${name} failed: ${String(error)}`));
  }

  /** What routers on the way say of their interfaces goes on to the daemon, which then leaves them out. */
  #watchInterfaces(): void {
    const ring = this.#dataplane.watchInterfaces(({ ia, ifid }) => this.#lab.interfaceDown(this.#view.ia, ia, ifid));
    const timer = setInterval(() => ring.poll(), EVENTS_POLL_MS);
    this.#stopWatching = () => {
      clearInterval(timer);
      ring.close();
      this.#stopWatching = () => {};
    };
  }

  stopProbing(): void {
    this.agent.stopProbing();
    this.#stopWatching();
  }

  async detachPods(): Promise<void> {
    this.stopProbing();
    const cidrs = [...this.#routed.keys()];
    this.#routed.clear();
    const routes = cidrs.map((cidr) => `route del ${cidr} table ${SEGMENTER_TABLE}`);
    await this.#ip([...routes, `rule del ${SEGMENTER_RULE}`]);
    for (const device of this.#podSides()) this.#dataplane.detachPodSide(device);
  }

  detachRouter(): void {
    for (const device of [...this.#xdpDevices(), ...this.#accessDevices()]) this.#dataplane.detachXdp(device);
  }

  /** Since the programs were loaded. */
  counters(): ReasonCount[] {
    return this.#dataplane.counters(0);
  }

  /** Number of a remote node in the agent's view. */
  remoteId(address: string): number | undefined {
    return this.#view.remotes.find((remote) => remote.address === address)?.id;
  }

  #xdpDevices(): { ifindex: number; netns: string; ifid: number }[] {
    const wired = this.#view.interfaces.filter(({ routed }) => routed !== true);
    const uplinks = wired.map(({ ifindex, ifid }) => ({ ifindex, netns: this.#netns, ifid }));
    const { lan } = this.#view;
    return lan === undefined ? uplinks : [...uplinks, { ifindex: lan.ifindex, netns: this.#netns, ifid: 0 }];
  }

  #accessDevices(): { ifindex: number; netns: string }[] {
    const own = accessWires(this.#lab.plan).filter(({ namespace }) => namespace === this.node.namespace);
    return own.map(({ ifindex }) => ({ ifindex, netns: this.#netns }));
  }

  #podSides(): { ifindex: number; netns: string }[] {
    const ifindices = [...this.#pods.map(({ host }) => host.ifindex), this.node.segmenter.inner.ifindex];
    return ifindices.map((ifindex) => ({ ifindex, netns: this.#netns }));
  }

  /** Other paths than before may take packets of another size. */
  async #followMtu(): Promise<void> {
    if (this.#routed.size === 0) return;
    const changed = [...this.#innerMtus()].filter(([cidr, mtu]) => this.#routed.get(cidr) !== mtu);
    for (const [cidr, mtu] of changed) this.#routed.set(cidr, mtu);
    await this.#ip(changed.map(([cidr, mtu]) => this.#route('replace', cidr, mtu)));
  }

  #innerMtus(): Map<string, number> {
    return new Map(this.#view.remotes.map(({ podCidr }) => [podCidr, this.agent.innerMtu(podCidr)]));
  }

  #route(verb: 'add' | 'replace', podCidr: string, mtu: number): string {
    const { segmenter, address } = this.node;
    return `route ${verb} ${segmenterRoute({ podCidr, mtu }, segmenter.outer.device, address)}`;
  }

  async #ip(commands: readonly string[]): Promise<void> {
    await ipBatch(commands, this.#lab.directory.namespaceName(this.node.namespace));
  }
}
