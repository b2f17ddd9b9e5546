/** A Kubernetes API server and its etcd, on the loopback device, with nothing behind them: no scheduler, no node. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, parseAllDocuments } from 'yaml';
import { type ApiAccess, ApiClient, ApiError } from '../../src/k8s/api/client.ts';
import { GROUP, RESOURCES, VERSION } from '../../src/k8s/crd/definitions.ts';
import { type Running, run, start } from '../../src/process/process.ts';

const BUILD = resolve('testbed/kind/build-api-server.sh');
/** Far beyond what it needs, also beside much else. */
const PATIENCE_MS = 120_000;

interface Access {
  readonly admin: ApiAccess;
  readonly agent: ApiAccess;
}

/** As the API server calls the service account of deploy/rbac.yaml. */
const AGENT = 'system:serviceaccount:cilion-system:cilion-agent';

export class ApiServer {
  /** May do everything. */
  readonly client: ApiClient;
  /** May do what deploy/rbac.yaml lets the agents do, once it has been applied. */
  readonly agentClient: ApiClient;
  /** The same, for a process of its own. */
  readonly agentAccess: ApiAccess;
  readonly #argv: readonly string[];
  readonly #log: string;
  readonly #etcd: Running;
  #server: Running;

  private constructor(access: Access, argv: readonly string[], log: string, etcd: Running, server: Running) {
    this.client = new ApiClient(access.admin);
    this.agentClient = new ApiClient(access.agent);
    this.agentAccess = access.agent;
    this.#argv = argv;
    this.#log = log;
    this.#etcd = etcd;
    this.#server = server;
  }

  /** @param folder For its data, certificates and logs. */
  static async start(folder: string): Promise<ApiServer> {
    const bin = (await run([BUILD])).stdout.trim();
    const [port, etcdPort, peerPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const [token, agentToken] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
    mkdirSync(join(folder, 'certs'));
    writeFileSync(join(folder, 'tokens.csv'), `${token},admin,admin,system:masters\n${agentToken},${AGENT},agent\n`);
    const key = join(folder, 'service-accounts.key');
    await run(['openssl', 'genrsa', '-out', key, '2048']);
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    const peerUrl = `http://127.0.0.1:${peerPort}`;
    const etcd = start(
      [
        ...[join(bin, 'etcd'), '--name=e', `--data-dir=${join(folder, 'etcd')}`, '--unsafe-no-fsync'],
        ...[`--listen-client-urls=${etcdUrl}`, `--advertise-client-urls=${etcdUrl}`],
        ...[
          `--listen-peer-urls=${peerUrl}`,
          `--initial-advertise-peer-urls=${peerUrl}`,
          `--initial-cluster=e=${peerUrl}`,
        ],
      ],
      { stderrFile: join(folder, 'etcd.log') },
    );
    const argv = [
      ...[
        join(bin, 'kube-apiserver'),
        `--etcd-servers=${etcdUrl}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${port}`,
      ],
      // Nobody follows it: there is no service and no node. Without it, a machine without a default route is refused.
      '--advertise-address=192.0.2.1',
      ...[`--cert-dir=${join(folder, 'certs')}`, `--token-auth-file=${join(folder, 'tokens.csv')}`],
      ...['--service-account-issuer=https://kubernetes.default.svc', `--service-account-key-file=${key}`],
      ...[`--service-account-signing-key-file=${key}`, '--service-cluster-ip-range=10.96.0.0/16'],
      ...['--authorization-mode=RBAC', '--disable-admission-plugins=ServiceAccount', '--endpoint-reconciler-type=none'],
    ];
    const log = join(folder, 'apiserver.log');
    const server = start(argv, { stderrFile: log });
    const certificate = join(folder, 'certs/apiserver.crt');
    await until(() => readable(certificate), 'the API server has a certificate', log);
    const shared = { server: `https://127.0.0.1:${port}`, ca: readFileSync(certificate, 'utf8') };
    const access = { admin: { ...shared, token }, agent: { ...shared, token: agentToken } };
    const made = new ApiServer(access, argv, log, etcd, server);
    await made.ready();
    return made;
  }

  /** Killed, as a machine that fails would do it, and started again. */
  async restart(): Promise<void> {
    process.kill(this.#server.pid, 'SIGKILL');
    await this.#server.exited;
    this.#server = start(this.#argv, { stderrFile: this.#log });
    await this.ready();
    await this.#served();
  }

  async ready(): Promise<void> {
    await until(() => this.client.get('/apis').then(isReady, isAway), 'the API server answers', this.#log);
    const namespaces = '/api/v1/namespaces/default';
    await until(() => this.client.get(namespaces).then(isReady, isAway), 'the namespace default is there', this.#log);
  }

  /** Our definitions, as the files that are shipped have them; resolves when the API server serves them. */
  async define(): Promise<void> {
    for (const { plural } of RESOURCES) {
      const definition: unknown = parse(readFileSync(`deploy/crds/${plural}.yaml`, 'utf8'));
      await this.client.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
    }
    await this.#served();
  }

  async #served(): Promise<void> {
    for (const { plural } of RESOURCES) {
      const path = `/apis/${GROUP}/${VERSION}/${plural}`;
      await until(() => this.client.get(path).then(isReady, isAway), `${plural} are served`, this.#log);
    }
  }

  /** The agents' rights, as the file that is shipped has them. */
  async grant(): Promise<void> {
    const paths: Readonly<Record<string, string>> = {
      Namespace: '/api/v1/namespaces',
      ServiceAccount: '/api/v1/namespaces/cilion-system/serviceaccounts',
      ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    };
    for (const document of parseAllDocuments(readFileSync('deploy/rbac.yaml', 'utf8'))) {
      const object = document.toJS() as { kind: string };
      await this.client.create(paths[object.kind] ?? '', object);
    }
    const pods = '/api/v1/pods';
    await until(() => this.agentClient.get(pods).then(isReady, isAway), 'the agents have their rights', this.#log);
  }

  async stop(): Promise<void> {
    this.client.close();
    this.agentClient.close();
    await this.#server.stop();
    await this.#etcd.stop();
  }
}

const isReady = () => true;

function isAway(error: unknown): boolean {
  if (error instanceof ApiError && ![404, 403, 429, 500, 503].includes(error.status)) throw error;
  return false;
}

function readable(file: string): boolean {
  try {
    return readFileSync(file).length > 0;
  } catch {
    return false;
  }
}

export async function until(condition: () => boolean | Promise<boolean>, what: string, log = ''): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not in ${PATIENCE_MS / 1000} s: ${what} ${log}`);
    await sleep(5);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
