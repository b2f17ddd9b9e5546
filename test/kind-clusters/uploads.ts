/** A client in cluster `a`, a server in cluster `b`, and which way an upload from one to the other takes. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../../src/k8s/api/client.ts';
import { run } from '../../src/process/process.ts';
import type { KindLab } from './kind-lab.ts';

const PODS = '/api/v1/namespaces/default/pods';
export const UPLOAD_BYTES = 4 * 1024 * 1024;
/** Probes of paths and BGP, while an upload lasts. */
const BESIDES_BYTES = UPLOAD_BYTES / 4;
const PATIENCE_MS = 180_000;

/** Answers an upload with its length. */
export const SERVER = [
  'mkdir -p /www/cgi-bin',
  "printf '#!/bin/sh\\necho Content-Type: text/plain\\necho\\nhead -c $CONTENT_LENGTH | wc -c\\n' > /www/cgi-bin/length",
  'chmod 755 /www/cgi-bin/length',
  'exec httpd -f -p 8080 -h /www',
].join('; ');

export class Uploads {
  readonly #kindLab: KindLab;
  /** Addresses of the two pods. */
  readonly client: string;
  readonly server: string;

  private constructor(kindLab: KindLab, client: string, server: string) {
    this.#kindLab = kindLab;
    this.client = client;
    this.server = server;
  }

  /** Resolves when both pods run. */
  static async prepare(kindLab: KindLab): Promise<Uploads> {
    const [a, b] = kindLab.clients as [ApiClient, ApiClient];
    await makePod(a, 'client', ['sleep', '100000']);
    await makePod(b, 'server', ['sh', '-c', SERVER]);
    const server = await runningPod(b, 'server');
    return new Uploads(kindLab, await runningPod(a, 'client'), server);
  }

  /** Whether the server has counted as many bytes as were sent. */
  async arrives(pod = 'client'): Promise<boolean> {
    const file = `yes | head -c ${UPLOAD_BYTES} > /upload`;
    const send = `timeout 30 wget -q -O - --post-file /upload http://${this.server}:8080/cgi-bin/length`;
    const argv = ['exec', pod, '--', 'sh', '-c', `${file}; ${send}`];
    return Number(await this.#kindLab.clusters[0]!.kubernetes!.kubectl(argv)) === UPLOAD_BYTES;
  }

  /** What of an upload arrives at the fast core and at the slow one: `most` or `few` of its bytes, or `some`. */
  async overEach(): Promise<string> {
    const first = await receivedByCores(this.#kindLab);
    assert.ok(await this.arrives(), 'an upload arrives whole');
    const last = await receivedByCores(this.#kindLab);
    const share = (bytes: number) => (bytes > UPLOAD_BYTES ? 'most' : bytes < BESIDES_BYTES ? 'few' : 'some');
    return last.map((bytes, index) => share(bytes - (first[index] ?? 0))).join();
  }
}

/** Bytes that have come in from cluster a's worker at the fast core and at the slow one. */
export function receivedByCores({ lab }: KindLab): Promise<number[]> {
  const received = async (namespace: string): Promise<number> => {
    const netns = lab.netns(namespace);
    const { stdout } = await run(['ip', '-json', '-stats', 'link', 'show', 'dev', 'if11'], { netns });
    const [device] = JSON.parse(stdout) as { stats64: { rx: { bytes: number } } }[];
    return device?.stats64.rx.bytes ?? 0;
  };
  return Promise.all(['as-1-ff00_0_110', 'as-1-ff00_0_120'].map(received));
}

/** What fails meanwhile is tried again; the last failure is told. */
export async function eventually(holds: () => Promise<boolean>, what: string): Promise<void> {
  let last: unknown;
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(200)) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
  }
  assert.fail(`not within ${PATIENCE_MS / 1000} s: ${what}${last === undefined ? '' : `\n${String(last)}`}`);
}

export async function makePod(client: ApiClient, name: string, command: readonly string[]): Promise<void> {
  const container = { name, image: 'cilion.test/busybox:1', imagePullPolicy: 'Never', command };
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } } },
    spec: { terminationGracePeriodSeconds: 1, containers: [container] },
  };
  // Until the controllers have made the namespace's service account, pods are refused.
  await eventually(
    () =>
      client.create(PODS, pod).then(
        () => true,
        () => false,
      ),
    `the pod ${name} is taken`,
  );
}

export async function runningPod(client: ApiClient, name: string): Promise<string> {
  let address = '';
  await eventually(async () => {
    const pod = await client.get<{ status: { phase: string; podIP?: string } }>(`${PODS}/${name}`);
    address = pod.status.podIP ?? '';
    return pod.status.phase === 'Running' && address !== '';
  }, `the pod ${name} runs`);
  return address;
}
