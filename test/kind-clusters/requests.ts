/**
 * A client in cluster `a` that never stops to send small uploads, one after the other, to the replicas of a server in cluster
 * `b`; it is told of replicas that come and go as a directory of services that spans clusters would tell it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../../src/k8s/api/client.ts';
import { type ApiObject, Collection } from '../../src/k8s/api/collection.ts';
import type { KindLab } from './kind-lab.ts';
import { eventually, makePod, receivedByCores, runningPod, SERVER } from './uploads.ts';

const UPLOAD_BYTES = 32_768;
const REPLICAS = 2;
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
/** So long does a replica that is to end go on serving: longer than the news of its end take. */
const GOODBYE_S = 8;

/** Each answer a line: `ok`, or `lost` and the replica. */
const CLIENT = [
  `yes | head -c ${UPLOAD_BYTES} > /upload`,
  'touch /replicas',
  'while :; do for r in $(cat /replicas)',
  'do n=$(timeout 3 wget -q -O - --post-file /upload http://$r:8080/cgi-bin/length)',
  `if [ "$n" = ${UPLOAD_BYTES} ]; then echo ok; else echo lost $r; fi; done; sleep 0.02; done > /answers`,
].join('; ');

interface Slice extends ApiObject {
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean };
  }[];
}

/** Long enough for some requests. */
const WINDOW_MS = 150;
const PATIENCE_MS = 20_000;

export interface Answers {
  readonly arrived: number;
  readonly lost: number;
}

export class Requests {
  readonly #kindLab: KindLab;
  readonly #slices: Collection<Slice>;
  #told = '';
  #telling: Promise<void> = Promise.resolve();

  private constructor(kindLab: KindLab) {
    this.#kindLab = kindLab;
    const settings = { path: SLICES };
    this.#slices = new Collection(kindLab.clients[1]!, settings, () => {
      this.#telling = this.#telling.then(() => this.#tell());
    });
  }

  /** Resolves when the client hears from every replica. */
  static async start(kindLab: KindLab): Promise<Requests> {
    const [a, b] = kindLab.clients as [ApiClient, ApiClient];
    await b.create(DEPLOYMENTS, deployment());
    const ports = [{ port: 8080 }];
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } };
    await b.create('/api/v1/namespaces/default/services', { ...service, spec: { selector: { app: 'web' }, ports } });
    await makePod(a, 'asker', ['sh', '-c', CLIENT]);
    await runningPod(a, 'asker');
    const requests = new Requests(kindLab);
    try {
      await requests.#slices.start();
      await eventually(async () => requests.#told.split(' ').length === REPLICAS, 'every replica is known');
      await eventually(async () => (await requests.answers()).arrived > 10, 'the server answers');
      return requests;
    } catch (error) {
      requests.stop();
      throw error;
    }
  }

  stop(): void {
    this.#slices.stop();
  }

  /** Since the start, or what came after an earlier count. */
  async answers(since: Answers = { arrived: 0, lost: 0 }): Promise<Answers> {
    const count = 'grep -c ok /answers; grep -c lost /answers; true';
    const [arrived = 0, lost = 0] = (await this.#inClient(count)).trim().split('\n').map(Number);
    return { arrived: arrived - since.arrived, lost: lost - since.lost };
  }

  /** Replaces every replica by a new one; resolves when the old ones have gone. */
  async rollOut(): Promise<void> {
    const annotations = { 'test/rolled-out': new Date().toISOString() };
    await this.#kindLab.clients[1]!.merge(`${DEPLOYMENTS}/web`, { spec: { template: { metadata: { annotations } } } });
    const { kubectl } = this.#kindLab.clusters[1]!.kubernetes!;
    await kubectl(['rollout', 'status', 'deployment/web', '--timeout=180s']);
    const gone = async () => {
      const pods = await kubectl(['get', 'pods', '--selector=app=web', '--output=name']);
      return pods.trim().split('\n').length === REPLICAS;
    };
    await eventually(gone, 'the old replicas are gone');
  }

  /** Failures are told by the answers that are missing then. */
  async #tell(): Promise<void> {
    const ready = this.#slices.objects
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web')
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready === true)
      .flatMap(({ addresses }) => addresses);
    const told = ready.join(' ');
    if (told === this.#told) return;
    await this.#inClient(`echo ${told} > /replicas.new; mv /replicas.new /replicas`).catch(() => {});
    this.#told = told;
  }

  #inClient(script: string): Promise<string> {
    return this.#kindLab.clusters[0]!.kubernetes!.kubectl(['exec', 'asker', '--', 'sh', '-c', script]);
  }
}

/**
 * Milliseconds from a moment until what comes from cluster a takes the slow core: until the first of the windows in which it
 * gets more than the fast one.
 * @param since performance.now()
 */
export async function overSlowCoreAfter(kindLab: KindLab, since: number): Promise<number> {
  for (;;) {
    const begin = performance.now();
    if (begin - since > PATIENCE_MS) throw new Error(`not over the slow core within ${PATIENCE_MS} ms`);
    const [fast = 0, slow = 0] = await receivedByCores(kindLab);
    await sleep(WINDOW_MS);
    const [fastThen = 0, slowThen = 0] = await receivedByCores(kindLab);
    if (slowThen - slow > fastThen - fast && slowThen - slow > UPLOAD_BYTES) return begin - since;
  }
}

function deployment(): object {
  const container = {
    name: 'web',
    image: 'cilion.test/busybox:1',
    imagePullPolicy: 'Never',
    command: ['sh', '-c', SERVER],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
    lifecycle: { preStop: { sleep: { seconds: GOODBYE_S } } },
  };
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: { app: 'web' } },
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { terminationGracePeriodSeconds: GOODBYE_S + 4, containers: [container] },
      },
    },
  };
}
