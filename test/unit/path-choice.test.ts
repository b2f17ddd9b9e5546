import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choosePaths } from '../../src/k8s/agent/path-choice.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { computedControlPlane } from '../../src/scion/control-plane.ts';
import type { Path } from '../../src/scion/end-to-end-path.ts';

const { topology, clusters } = await loadScenario('scenarios/bgp-hijack.yaml');
const [a, b] = clusters;
const control = computedControlPlane(topology, 1, { timestamp: 1_700_000_000, expirySeconds: 3600 });
const paths = control.paths(a!.ia, b!.ia);
const [from] = a!.nodes;
const [to] = b!.nodes;

function links(path: Path): string[] {
  return path.interfaces.map(({ ia, ifid }) => `${ia}#${ifid}`);
}

test('the first choice leaves by the node itself, arrives at the pod’s node and is the fastest of those', () => {
  const direct = paths.filter(
    ({ interfaces }) =>
      from!.interfaces.includes(interfaces[0]!.ifid) && to!.interfaces.includes(interfaces.at(-1)!.ifid),
  );
  const fastest = Math.min(...direct.map(({ latencyNs }) => latencyNs));
  const [first] = choosePaths(paths, from!, to!);
  assert.ok(direct.includes(first!));
  assert.equal(first!.latencyNs, fastest);
});

test('some choice shares no link with the first, where there is such a path', () => {
  const [first, ...others] = choosePaths(paths, from!, to!);
  assert.ok(others.some((path) => !links(path).some((each) => links(first!).includes(each))));
});

test('when one link of the first choice fails, the best way round it is among the choices', () => {
  const chosen = choosePaths(paths, from!, to!);
  const peering = '1-ff00:0:111#9';
  assert.ok(links(chosen[0]!).includes(peering));
  const around = paths.filter(
    (path) =>
      !links(path).includes(peering) &&
      from!.interfaces.includes(path.interfaces[0]!.ifid) &&
      to!.interfaces.includes(path.interfaces.at(-1)!.ifid),
  );
  const next = chosen.find((path) => !links(path).includes(peering));
  assert.equal(next!.latencyNs, Math.min(...around.map(({ latencyNs }) => latencyNs)));
});

test('no more than four paths are chosen, none twice, and all where there are fewer', () => {
  assert.equal(new Set(choosePaths(paths, from!, to!)).size, 4);
  assert.equal(choosePaths(paths.slice(0, 3), from!, to!).length, 3);
  assert.deepEqual(choosePaths([], from!, to!), []);
});
