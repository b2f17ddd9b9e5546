/**
 * A dockerd of a lab's own, in a network namespace without an uplink: containers of a lab reach one another and the host's
 * end of one veth, and have no way out of the machine. A dockerd that the machine runs already is left alone: its containers
 * have a route outside, and its rules are the host's.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ipBatch } from '../../emulator/ip-batch.ts';
import type { Journal } from '../../emulator/journal.ts';
import { DATA_ROOT, type LabDirectory } from '../../emulator/lab-directory.ts';
import { CilionError, LabError } from '../../errors.ts';
import { type RunOptions, run, start } from '../../process/process.ts';
import { overlaps, parsePrefix } from '../../topology/ipv4.ts';
import { keepStore, type NodeImage, placeStore } from './node-image.ts';

const TESTBED = fileURLToPath(new URL('../../../testbed/kind/', import.meta.url));
const NAMESPACE = 'docker';
/** For benchmarks of networks (RFC 2544, RFC 6890): nobody's real addresses. */
const containersNet = (n: number) => `198.18.${n}.0/24`;
const uplinkNet = (n: number) => `198.19.${n}.0/31`;
const NETS = 256;
const NETWORK = 'cilion';
const START_MS = 60_000;
const POLL_MS = 50;
const SHOWN_LINES = 12;

export class DockerDaemon {
  /** For programs that talk to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Name of the network that containers are put on. */
  readonly network = NETWORK;

  /** The host's end of the veth, which containers answer to. */
  readonly hostAddress: string;

  private constructor(env: Readonly<Record<string, string>>, hostAddress: string) {
    this.env = env;
    this.hostAddress = hostAddress;
  }

  /** It has the image. Everything that it makes stands in the journal before. @throws LabError */
  static async start(
    lab: LabDirectory,
    journal: Journal,
    image: NodeImage,
    signal: AbortSignal,
  ): Promise<DockerDaemon> {
    const namespace = lab.namespaceName(NAMESPACE);
    const data = `${DATA_ROOT}/${lab.id}`;
    const cgroup = `cilion-${lab.id}`;
    journal.record([
      { kind: 'folder', path: data },
      { kind: 'namespace', name: namespace },
      { kind: 'containers', cgroup, daemon: namespace },
    ]);
    const root = `${data}/docker`;
    mkdirSync(data, { recursive: true, mode: 0o700 });
    mkdirSync(root);
    const stored = await placeStore(image, root);
    mkdirSync(lab.path('docker'));
    const number = await connect(lab, namespace);
    const socket = `unix://${lab.path('docker', 'socket')}`;
    const log = lab.path('docker', 'log');
    // Else it reads what the machine's administrator has written for another dockerd.
    const config = lab.path('docker', 'daemon.json');
    writeFileSync(config, '{}');
    const daemon = start(
      [
        ...[
          'unshare',
          '--mount',
          '--propagation',
          'private',
          '--',
          `${TESTBED}dockerd-apart`,
          `${data}/apart`,
          lab.path('docker'),
        ],
        ...[`--data-root=${root}`, `--exec-root=${lab.path('docker', 'exec')}`],
        ...[`--pidfile=${lab.path('docker', 'pid')}`, `--host=${socket}`, `--config-file=${config}`],
        ...['--bridge=none', '--ip6tables=false', '--storage-driver=overlay2', `--cgroup-parent=/${cgroup}`],
        ...['--exec-opt=native.cgroupdriver=cgroupfs'],
        // Nobody answers there: names that Docker does not know fail at once. Not the gateway, whose queries the nodes send back
        // to Docker (testbed/kind/node/root/usr/local/bin/entrypoint).
        ...[`--dns=198.19.${number}.1`],
        ...[`--add-runtime=cilion=${TESTBED}runc-within-bounds`, '--default-runtime=cilion'],
      ],
      { netns: lab.netns(NAMESPACE), stdoutFile: log, stderrFile: log, detached: true },
    );
    const env = { DOCKER_HOST: socket, DOCKER_CONFIG: lab.path('docker', 'client') };
    const made = new DockerDaemon(env, `198.19.${number}.0`);
    let ended = false;
    void daemon.exited.then(
      () => (ended = true),
      () => (ended = true),
    );
    const answers = () =>
      made.docker(['version', '--format={{.Server.Version}}']).then(
        () => true,
        () => false,
      );
    for (const deadline = performance.now() + START_MS; !(await answers()); await sleep(POLL_MS)) {
      // The log goes with the lab.
      if (ended || performance.now() > deadline) throw new LabError(`dockerd does not start:\n${endOf(log)}`);
    }
    if (!stored) {
      await made.docker(['load', '--input', image.archive], { signal });
      await keepStore(image, root);
    }
    await made.docker([
      ...['network', 'create', '--driver=bridge', `--subnet=${containersNet(number)}`, `--gateway=${gateway(number)}`],
      ...['--opt=com.docker.network.bridge.name=containers'],
      ...['--opt=com.docker.network.bridge.enable_ip_masquerade=false', NETWORK],
    ]);
    return made;
  }

  /** Runs `docker` and returns what it prints. @throws LabError */
  async docker(argv: readonly string[], options: Pick<RunOptions, 'signal' | 'timeoutMs'> = {}): Promise<string> {
    return (await run(['docker', ...argv], { ...options, env: this.env })).stdout.trim();
  }
}

function endOf(log: string): string {
  return readFileSync(log, 'utf8').split('\n').slice(-SHOWN_LINES).join('\n');
}

/** @throws CilionError (exit code 2) that names those that the machine lacks */
export async function requirePrograms(): Promise<void> {
  const programs = ['docker', 'dockerd', 'containerd', 'runc', 'unshare'];
  const present = await Promise.all(
    programs.map((program) =>
      run([program, '--version']).then(
        () => true,
        () => false,
      ),
    ),
  );
  const missing = programs.filter((_, index) => present[index] !== true);
  if (missing.length === 0) return;
  throw new CilionError(`kind clusters need ${missing.join(', ')}`, {
    exitCode: 2,
    hint: 'testbed/setup.sh --kind installs them; `--clusters netns` does without',
  });
}

function gateway(number: number): string {
  return `198.18.${number}.1`;
}

/**
 * Makes the namespace, and the veth by which the host reaches containers: both ends go with the namespace, and the host's
 * route with them. No route leads out of the namespace but to the host's own end.
 */
async function connect(lab: LabDirectory, namespace: string): Promise<number> {
  const number = await freeNumber(lab.id);
  const host = `cil-${lab.id}`;
  await ipBatch([
    `netns add ${namespace}`,
    `link add name ${host} type veth peer name uplink netns ${namespace}`,
    `addr add 198.19.${number}.0/31 dev ${host}`,
    `link set dev ${host} up`,
  ]);
  await ipBatch(
    ['link set dev lo up', `addr add 198.19.${number}.1/31 dev uplink`, 'link set dev uplink up'],
    namespace,
  );
  await ipBatch([`route add ${containersNet(number)} via 198.19.${number}.1 dev ${host}`]);
  return number;
}

/** A pair of networks that no route of the host leads to, beginning somewhere else for each lab. */
async function freeNumber(id: string): Promise<number> {
  const { stdout } = await run(['ip', '-json', '-4', 'route', 'show', 'table', 'all']);
  const routes = (JSON.parse(stdout) as { dst: string }[])
    .filter(({ dst }) => dst !== 'default')
    .map(({ dst }) => parsePrefix(dst.includes('/') ? dst : `${dst}/32`));
  const first = createHash('sha256').update(id).digest()[0] ?? 0;
  for (let i = 0; i < NETS; i += 1) {
    const number = (first + i) % NETS;
    const nets = [containersNet(number), uplinkNet(number)].map(parsePrefix);
    if (!routes.some((route) => nets.some((net) => overlaps(net, route)))) return number;
  }
  throw new LabError('the host has routes to all of 198.18.0.0/15, of which containers need a part');
}
