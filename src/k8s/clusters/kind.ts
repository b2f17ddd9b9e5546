/**
 * Real clusters: kind, unmodified, on a dockerd of the lab's own. The plan's nodes become containers, the first one the
 * control plane; their network namespaces are then wired into the lab as any node's. Nothing is deleted one by one: the
 * lab's journal has the containers' control group, and undoing it ends them.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Journal } from '../../emulator/journal.ts';
import { settingsOfKubelet } from '../../emulator/kernel-settings.ts';
import type { LabDirectory } from '../../emulator/lab-directory.ts';
import type { ClusterPlan, NamespaceId, NodePlan, PodPlan } from '../../emulator/plan.ts';
import { FIRST_IFINDEX_BESIDE_OTHERS } from '../../emulator/plan-lab.ts';
import { LabError } from '../../errors.ts';
import { inParallel } from '../../process/parallel.ts';
import { run } from '../../process/process.ts';
import type { InputFile } from '../../scenario/model.ts';
import { ApiClient } from '../api/client.ts';
import type { ClusterBackend, Kubernetes, RunningCluster, RunningNode, Site } from './backend.ts';
import { BPFFS, CRDS } from './deployed-files.ts';
import { DockerDaemon, requirePrograms } from './docker-daemon.ts';
import {
  CNI_FILE,
  CNI_PLUGIN,
  containerNames,
  kindConfig,
  plannedPods,
  podNetwork,
  SERVICE_SUBNET,
} from './kind-config.ts';
import { appliedObjects, applyObjects, podObject, podProcesses, startPods } from './kind-pods.ts';
import { accessFrom } from './kubeconfig.ts';
import { type NodeImage, nodeImage } from './node-image.ts';
import { type Awaited, untilAll } from './ready.ts';

const PLUGIN = fileURLToPath(new URL('../../../testbed/kind/cni/planned-pods', import.meta.url));
const NODES = '/api/v1/nodes';
const CRD_OBJECTS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export const kind: ClusterBackend = {
  name: 'kind',
  about: 'Kubernetes in containers, by kind',
  firstIfindex: FIRST_IFINDEX_BESIDE_OTHERS,
  require: requirePrograms,
  async create(clusters, site) {
    const { directory, journal, progress, signal } = site;
    progress('building the node image, or finding it built');
    const image = await nodeImage(signal);
    journal.record(settingsOfKubelet(Journal.ofOthers(directory)));
    progress('starting dockerd');
    const daemon = await DockerDaemon.start(directory, journal, image, signal);
    mkdirSync(directory.path('kind'));
    const made = new Map<ClusterPlan, RunningCluster>();
    // Much of it is waiting. More at once than there are cores for only makes each slower, down to where kubeadm gives up.
    await inParallel(
      clusters,
      async (plan) => {
        progress(`making cluster ${plan.name}`);
        made.set(plan, await new KindCluster(plan, daemon, image, site).create());
      },
      availableParallelism(),
    );
    return clusters.flatMap((plan) => made.get(plan) ?? []);
  },
};

interface Container extends RunningNode {
  readonly address: string;
  readonly plan: NodePlan;
}

class KindCluster {
  readonly #plan: ClusterPlan;
  readonly #daemon: DockerDaemon;
  readonly #image: NodeImage;
  readonly #directory: LabDirectory;
  readonly #signal: AbortSignal;
  readonly #manifests: readonly InputFile[];
  readonly #name: string;

  constructor(plan: ClusterPlan, daemon: DockerDaemon, image: NodeImage, { directory, signal, manifests }: Site) {
    this.#plan = plan;
    this.#daemon = daemon;
    this.#image = image;
    this.#directory = directory;
    this.#signal = signal;
    this.#manifests = manifests?.get(plan.name) ?? [];
    this.#name = plan.name;
  }

  async create(): Promise<RunningCluster> {
    const config = this.#file('yaml');
    writeFileSync(config, kindConfig(this.#plan));
    const image = ['--image', this.#image.name];
    await this.#kind([
      'create',
      'cluster',
      '--config',
      config,
      ...image,
      '--kubeconfig',
      this.#file('kubeconfig.kind'),
    ]);
    const containers = await this.#containers();
    const kubernetes = await this.#kubernetes(containers);
    await this.#bringReady(kubernetes, containers);
    for (const { pid } of containers) await keepInside(pid, [SERVICE_SUBNET, `${this.#daemon.hostAddress}/32`]);
    const nodes = new Map(containers.map(({ plan, name, pid }) => [plan.namespace, { name, pid }] as const));
    const pods = await this.#populate(kubernetes, containers);
    return { plan: this.#plan, nodes, pods, kubernetes };
  }

  #file(extension: string): string {
    return this.#directory.path('kind', `${this.#name}.${extension}`);
  }

  async #kubernetes(containers: readonly Container[]): Promise<Kubernetes> {
    const { text, access } = accessFrom(await this.#kind(['get', 'kubeconfig', '--internal']), containers[0]!.address);
    const kubeconfig = this.#file('kubeconfig');
    writeFileSync(kubeconfig, text, { mode: 0o600 });
    const kubectl = [`${this.#image.programs}/kubectl`, `--kubeconfig=${kubeconfig}`];
    return {
      access,
      kubeconfig,
      kubectl: async (argv) => (await run([...kubectl, ...argv], { signal: this.#signal })).stdout,
      agentBase: this.#image.agentBase,
      loadImage: (archive) => this.#loadImage(containers, archive),
    };
  }

  /** Nodes with the plan's pods' network, and our resources known. */
  async #bringReady({ access, kubectl }: Kubernetes, containers: readonly Container[]): Promise<void> {
    const client = new ApiClient(access);
    try {
      // kubeadm is done before the last kubelet has said who it is.
      await this.#untilAll(client, { path: NODES, names: containers.map(({ name }) => name) });
      for (const { name, pid, plan } of containers) {
        await client.merge(`${NODES}/${name}`, { spec: { podCIDR: plan.podCidr, podCIDRs: [plan.podCidr] } });
        await this.#prepareNode(pid, plan);
      }
      await this.#untilAll(client, { path: NODES, condition: 'Ready' });
      await kubectl(['apply', '--server-side', '-f', CRDS]);
      await this.#untilAll(client, { path: CRD_OBJECTS, condition: 'Established' });
    } finally {
      client.close();
    }
  }

  #untilAll(client: ApiClient, awaited: Omit<Awaited, 'what'>): Promise<void> {
    return untilAll(client, { ...awaited, what: `cluster ${this.#name}` }, this.#signal);
  }

  /** Its pods' network; and a BPF file system for its agent, as systemd mounts it on a machine and not in a container. */
  async #prepareNode(pid: number, node: NodePlan): Promise<void> {
    const root = `/proc/${pid}/root`;
    const pods = this.#podsOf(node);
    for (const [file, text] of plannedPods(pods)) {
      mkdirSync(dirname(root + file), { recursive: true });
      writeFileSync(root + file, text);
    }
    copyFileSync(PLUGIN, root + CNI_PLUGIN);
    await run(['nsenter', `--target=${pid}`, '--mount', '--', 'mount', '-t', 'bpf', 'bpf', BPFFS]);
    writeFileSync(root + CNI_FILE, podNetwork(node, pods));
  }

  /** What the cluster's manifests ask for. */
  async #populate(kubernetes: Kubernetes, containers: readonly Container[]): Promise<Map<NamespaceId, number>> {
    const { kubectl } = kubernetes;
    const scratch = this.#directory.path('kind', this.#name);
    await applyObjects(kubectl, appliedObjects(this.#manifests), `${scratch}-manifests.json`);
    const placed = containers.map(({ name, pid, plan }) => ({ name, pid, pods: this.#podsOf(plan) }));
    const objects = placed.flatMap(({ name, pods }) => pods.map((pod) => podObject(pod, name)));
    await startPods(kubernetes, objects, scratch);
    return new Map(placed.flatMap(({ pid, pods }) => [...podProcesses(pods, pid)]));
  }

  /** Not by `kind load`, which wants all of an image's layers. */
  async #loadImage(containers: readonly Container[], archive: string): Promise<void> {
    await inParallel(containers, async ({ name, pid }) => {
      const file = `/${basename(archive)}`;
      const placed = `/proc/${pid}/root${file}`;
      copyFileSync(archive, placed);
      await this.#daemon.docker(['exec', name, 'ctr', '--namespace=k8s.io', 'images', 'import', file], {
        signal: this.#signal,
      });
      rmSync(placed);
    });
  }

  #podsOf(node: NodePlan): PodPlan[] {
    return this.#plan.pods.filter((pod) => pod.node === node.name);
  }

  async #containers(): Promise<Container[]> {
    const names = containerNames(this.#name, this.#plan.nodes.length);
    const format = `{{.State.Pid}} {{(index .NetworkSettings.Networks "${this.#daemon.network}").IPAddress}}`;
    const lines = (await this.#daemon.docker(['inspect', `--format=${format}`, ...names])).split('\n');
    return names.map((name, index) => {
      const [pid, address] = lines[index]?.split(' ') ?? [];
      const plan = this.#plan.nodes[index];
      if (!(Number(pid) > 0) || address === undefined || plan === undefined) {
        throw new LabError(`the container ${name} does not run`);
      }
      return { name, pid: Number(pid), address, plan };
    });
  }

  async #kind(argv: readonly string[]): Promise<string> {
    const { stdout } = await run([`${this.#image.programs}/kind`, ...argv, '--name', this.#name], {
      signal: this.#signal,
      env: { ...this.#daemon.env, KIND_EXPERIMENTAL_DOCKER_NETWORK: this.#daemon.network },
    });
    return stdout;
  }
}

/**
 * Docker's default route leads into a namespace without a way out; in a lab, what has no route is unreachable at once. What
 * goes to services still needs one, as it is looked up before kube-proxy's rules turn it to a pod; so do answers to the host.
 */
async function keepInside(pid: number, destinations: readonly string[]): Promise<void> {
  const netns = `/proc/${pid}/ns/net`;
  const { stdout } = await run(['ip', '-json', '-4', 'route', 'show', 'default'], { netns });
  const [route] = JSON.parse(stdout) as { gateway: string; dev: string }[];
  if (route === undefined) return;
  const routes = destinations.map((each) => `route add ${each} via ${route.gateway} dev ${route.dev}`);
  await run(['ip', '-batch', '-'], { netns, input: `${[...routes, 'route del default'].join('\n')}\n` });
}
