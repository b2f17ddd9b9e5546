import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { run, start } from '../../src/process/process.ts';
import { makeNetwork } from './dataplane-fixture.ts';

await buildAll();
const network = await makeNetwork('n');
after(() => network.close());
const { a, b } = network;

function count(
  dataplane: { counters(slot: number): { reason: string; packets: number }[] },
  reason: string,
  slot = 0,
): number {
  return dataplane.counters(slot).find((each) => each.reason === reason)?.packets ?? 0;
}

test('a pod pings a pod of the other cluster through SCION', async () => {
  const { stdout } = await run(['ping', '-c', '5', '-i', '0.02', '-W', '1', b.podAddress], { netns: a.pod });
  assert.match(stdout, /5 received/);
  assert.equal(count(a.dataplane, 'ENCAPSULATED'), 5);
  assert.equal(count(b.dataplane, 'DECAPSULATED'), 5);
  assert.equal(count(network.router, 'FORWARDED', 0), 10);
});
