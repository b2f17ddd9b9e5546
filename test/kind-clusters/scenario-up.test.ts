/** A scenario that ships, its clusters made by kind, left running and looked into by the commands. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { LabDirectory } from '../../src/emulator/lab-directory.ts';
import { namespaceFiles } from '../../src/emulator/namespace-processes.ts';
import { nodeImage } from '../../src/k8s/clusters/node-image.ts';
import { run } from '../../src/process/process.ts';
import { cilion } from '../run/cilion.ts';
import { never } from './kind-lab.ts';

const ID = 'ctkind';
const SCENARIO = 'scenarios/app-aware.yaml';

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
    readonly spec: { readonly nodeName: string };
    readonly status: { readonly podIP: string };
  }[];
}

interface PolicyList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

let programs = '';

before(async () => {
  programs = (await nodeImage(never)).programs;
  const { code, stderr } = await cilion(['up', SCENARIO, '--clusters', 'kind', '--id', ID]);
  assert.equal(code, 0, stderr);
});

after(async () => {
  if (LabDirectory.list().includes(ID)) await cilion(['destroy', ID]);
});

async function ask<T>(cluster: string, what: string): Promise<T> {
  const kubeconfig = `--kubeconfig=${LabDirectory.open(ID).path('kind', `${cluster}.kubeconfig`)}`;
  const argv = [`${programs}/kubectl`, kubeconfig, 'get', what, '--namespace=default', '--output=json'];
  return JSON.parse((await run(argv)).stdout) as T;
}

test('each pod of the manifests runs with its labels, on the node and with the address that the plan has', async () => {
  for (const { name, pods, nodes } of LabDirectory.open(ID).plan().clusters) {
    const { items } = await ask<PodList>(name, 'pods');
    assert.deepEqual(
      items.map(({ metadata, spec, status }) => [metadata.name, metadata.labels, spec.nodeName, status.podIP]),
      pods.map((pod) => {
        const first = pod.node === nodes[0]?.name;
        return [pod.name, pod.labels, `${name}-${first ? 'control-plane' : 'worker'}`, pod.address];
      }),
    );
  }
});

test('the path policies of the manifests are in force', async () => {
  const { items } = await ask<PolicyList>('a', 'scionpathpolicies');
  const satisfied = items.map(({ metadata, status }) => [
    metadata.name,
    status?.conditions.find(({ type }) => type === 'Satisfied')?.status,
  ]);
  assert.deepEqual(satisfied, [
    ['cheap', 'True'],
    ['fast', 'True'],
  ]);
});

test('`cilion shell` is in a pod, whose packets reach the other cluster as SCION', async () => {
  const [, b] = LabDirectory.open(ID).plan().clusters;
  const ledger = b!.pods.find(({ name }) => name === 'ledger')!;
  const sent = async () => {
    const { code, stdout, stderr } = await cilion(['drops', ID, '--all', '--json']);
    assert.equal(code, 0, stderr);
    const rows = JSON.parse(stdout) as { place: string; reason: string; packets: number }[];
    const row = rows.find(({ place, reason }) => place.endsWith('a/a1') && reason === 'ENCAPSULATED');
    return row?.packets ?? 0;
  };
  const before = await sent();
  const argv = ['ping', '-c', '5', '-i', '0.2', '-W', '5', ledger.address];
  const { code, stdout } = await cilion(['shell', ID, 'a/billing', '--', ...argv]);
  assert.equal(code, 0, stdout);
  assert.ok((await sent()) >= before + 5);
});

test('`cilion top` has the nodes and their paths', async () => {
  const { code, stdout, stderr } = await cilion(['top', ID, '--json']);
  assert.equal(code, 0, stderr);
  for (const name of ['a/a1', 'a/a2', 'b/b1', 'b/b2']) assert.ok(stdout.includes(`"${name}"`), name);
});

test('taking it down leaves no namespace and no folder', async () => {
  const { code, stderr } = await cilion(['destroy', ID]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    namespaceFiles().filter((name) => name.startsWith(`cil-${ID}-`)),
    [],
  );
  assert.ok(!existsSync(`/var/lib/cilion/${ID}`));
});
