import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CilionError } from '../../src/errors.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/model.ts';
import { type Narrowing, narrow } from '../../src/scenario/narrow.ts';

const tiny = await loadScenario('scenarios/tiny.yaml');

function refusal(options: Narrowing): string {
  try {
    narrow(tiny, options);
  } catch (error) {
    assert.ok(error instanceof CilionError);
    assert.equal(error.exitCode, 2);
    return `${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`;
  }
  return assert.fail('it was taken');
}

test('nothing asked for leaves the scenario as it is', () => {
  assert.deepEqual(narrow(tiny, {}), tiny);
});

test('transports run in their order, and only assertions about them are judged', () => {
  const { transports, assertions } = narrow(tiny, { transport: 'cilion,wireguard' });
  assert.deepEqual(transports, ['wireguard', 'cilion']);
  assert.deepEqual(new Set(assertions.map(({ transport }) => transport)), new Set(['cilion']));
});

test('the control plane is the one asked for', () => {
  assert.equal(narrow(tiny, { controlPlane: 'reference' }).controlPlane, 'reference');
});

test('what there is not is refused with what there is', () => {
  assert.equal(
    refusal({ transport: 'ip,vxlam' }),
    '--transport: there is no transport "vxlam" (transports: ip, vxlan, wireguard, sig, cilion)',
  );
  assert.equal(refusal({ controlPlane: 'real' }), '--control-plane: there is no "real" (reference or computed)');
  assert.equal(refusal({ clusters: 'kin' }), '--clusters: there is no "kin" (netns or kind)');
  assert.equal(refusal({ repeat: '0' }), '--repeat: "0" is no whole number from 1 to 1000');
});

test('what only the reference brings is refused with computed paths, also where the file asks for nothing else', () => {
  for (const options of [{ transport: 'sig' }, { transport: 'sig', controlPlane: 'computed' }]) {
    assert.equal(
      refusal(options),
      '--control-plane: scenarios/tiny.yaml has transport sig, which the reference brings',
    );
  }
});

test('clusters are made of what is asked for, and of namespaces where nobody asks', () => {
  assert.equal(narrow(tiny, {}).backend, undefined);
  assert.equal(narrow(tiny, { clusters: 'netns' }).backend, 'netns');
  assert.equal(narrow(tiny, { clusters: 'kind' }).backend, 'kind');
});

test('on kind, a timeline that applies manifests is refused', () => {
  const objects = { pods: [], policies: [] };
  const applying: Scenario = {
    ...tiny,
    timeline: [{ at: 1e9, event: 'apply', cluster: 'a', changes: [], objects }],
  };
  assert.throws(
    () => narrow(applying, { clusters: 'kind' }),
    (error) => error instanceof CilionError && error.exitCode === 2 && /an apply event/.test(error.message),
  );
  assert.equal(narrow(applying, { clusters: 'netns' }).backend, 'netns');
});

test('on kind, cilion is refused where a cluster has a link that BGP routes, and other transports are not', async () => {
  const routed = await loadScenario('scenarios/underlay-hijack.yaml');
  assert.throws(
    () => narrow(routed, { clusters: 'kind' }),
    (error) => error instanceof CilionError && error.exitCode === 2 && /underlay internet/.test(error.message),
  );
  assert.equal(narrow(routed, { clusters: 'kind', transport: 'ip' }).backend, 'kind');
});
