import { after, before, test } from 'node:test';
import { deployAgents } from '../../src/k8s/clusters/agents.ts';
import { buildKindLab, type KindLab, never } from './kind-lab.ts';
import { eventually, Uploads } from './uploads.ts';

let kindLab: KindLab;

before(async () => {
  const progress = (message: string) => process.stderr.write(`${message}\n`);
  kindLab = await buildKindLab(progress, { controlPlane: 'reference', workers: false });
  await kindLab.lab.bgp.converge(never);
});

after(async () => {
  if (kindLab === undefined) return;
  for (const client of kindLab.clients) client.close();
  await kindLab.lab.destroy();
});

test('agents take their paths from the SCION daemons of their ASes, in clusters of one node', async () => {
  const uploads = await Uploads.prepare(kindLab);
  await deployAgents(kindLab.lab, kindLab.clusters);
  await eventually(async () => (await uploads.overEach()) === 'most,few', 'an upload goes over the fast core');
  for (const { kubernetes } of kindLab.clusters) {
    await kubernetes!.kubectl([
      'wait',
      '--for=condition=Ready',
      'pod',
      '--all',
      '--namespace=cilion-system',
      '--timeout=60s',
    ]);
  }
});
