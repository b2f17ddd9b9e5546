import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appliedText } from '../../../src/cli/applied-text.ts';
import { policiesInForce } from '../../../src/k8s/policy/in-force.ts';
import type { PathPolicy } from '../../../src/k8s/policy/model.ts';
import { DST, PATHS } from '../k8s/paths.ts';
import { constrained } from '../k8s/policy.ts';

const pods = [
  { name: 'web-1', labels: { app: 'web' } },
  { name: 'web-2', labels: { app: 'web' } },
];

function textOf(policies: readonly PathPolicy[]): string {
  const inForce = policiesInForce({ pods, policies }, [DST], () => PATHS);
  const changes = [{ kind: 'ScionPathPolicy', name: 'fenced', outcome: 'created' }] as const;
  return appliedText({ lab: 'x', cluster: 'a', changes, policies: inForce, probed: true });
}

test('a policy is told with its pods and, for each remote AS, the paths in force', () => {
  const fast = { ...constrained({ maxLatency: '12ms' }), name: 'fast' };
  assert.match(
    textOf([fast]),
    new RegExp(
      `^scionpathpolicy/fenced created\n\nfast, for web-1, web-2\n  to ${DST}\n {7}12ms {2}MTU 1500 {2}1-ff00:0:141 1>\\d+ .* ${DST}\n`,
    ),
  );
});

test('where no path is as it must be, what becomes of packets and why', () => {
  const fenced = { ...constrained({ requireISDs: [1] }), name: 'fenced' };
  assert.match(
    textOf([fenced]),
    new RegExp(
      `  to ${DST}: no path is as it must be, packets are dropped\n    \\d+ refused: the path leads through 2-ff00:0:\\w+, outside ISD 1\n`,
    ),
  );
  const any = { ...constrained({ requireISDs: [1] }, { onUnsatisfied: 'AnyPath' }), name: 'any' };
  assert.match(textOf([any]), /take the paths of pods without a policy\n {7}12ms .*\n/);
});

test('a policy over which another one has precedence is for no pod', () => {
  const strong = { ...constrained({}, { priority: 5 }), name: 'strong' };
  const weak = { ...constrained({}), name: 'weak' };
  assert.match(textOf([weak, strong]), /^strong, for web-1, web-2$.*^weak, for no pod$/ms);
});
