import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { NEEDED_CAPABILITIES } from '../../src/process/capabilities.ts';
import { CONFINED_CAPABILITIES } from '../../src/process/confined.ts';

test('./cilion keeps the capabilities that the program names a use for, and no other', () => {
  const kept = [...readFileSync('cilion', 'utf8').matchAll(/\+(\w+)/g)].map(([, name]) => name);
  assert.deepEqual(kept.toSorted(), NEEDED_CAPABILITIES.map(({ name }) => name).toSorted());
});

test('the security page has every capability with its use', () => {
  const page = readFileSync('docs/security.md', 'utf8');
  for (const { name, usedFor } of NEEDED_CAPABILITIES) {
    assert.ok(page.includes(`| \`CAP_${name.toUpperCase()}\` | ${usedFor} |`), name);
  }
});

test("a scenario's command keeps none of those that reach beyond its network namespace", () => {
  assert.deepEqual([...CONFINED_CAPABILITIES].sort(), ['net_admin', 'net_bind_service', 'net_raw']);
});
