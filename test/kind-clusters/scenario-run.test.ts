/** A whole run of a scenario on clusters made by kind: passes of several transports, one after the other, in one lab. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Manifest, Verdicts } from '../../src/results/bundle.ts';
import { runScenario } from '../run/cilion.ts';

test('the smallest scenario runs on kind over ip, vxlan and cilion, twice each, and its assertions hold', async (t) => {
  const results = mkdtempSync(join(tmpdir(), 'cilion-kind-run-'));
  t.after(() => rmSync(results, { recursive: true, force: true }));
  const options = ['--clusters', 'kind', '--transport', 'ip,vxlan,cilion', '--repeat', '2'];
  const { code, stdout, stderr } = await runScenario('scenarios/tiny.yaml', results, options);
  assert.equal(code, 0, stdout + stderr);
  const [bundle = ''] = readdirSync(results);
  const read = <T>(file: string) => JSON.parse(readFileSync(join(results, bundle, file), 'utf8')) as T;
  const { passes, mechanisms } = read<Manifest>('manifest.json');
  assert.deepEqual(
    passes.map(({ id }) => id),
    ['ip-1', 'vxlan-1', 'cilion-1', 'ip-2', 'vxlan-2', 'cilion-2'],
  );
  assert.match(mechanisms['clusters'] ?? '', /kind/);
  assert.ok(read<Verdicts>('verdicts.json').holds);
});
