import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requirements, selects } from '../../../src/k8s/policy/selector.ts';

const labels = { app: 'web', tier: 'front' };

test('an empty selector selects every pod', () => {
  assert.ok(selects({}, labels));
  assert.ok(selects({ matchLabels: {}, matchExpressions: [] }, {}));
});

test('every label and every expression must hold', () => {
  assert.ok(selects({ matchLabels: { app: 'web' } }, labels));
  assert.ok(!selects({ matchLabels: { app: 'web', tier: 'back' } }, labels));
  const expression = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', key: string, values?: string[]) =>
    selects({ matchExpressions: [{ key, operator, values }] }, labels);
  assert.ok(expression('In', 'app', ['shop', 'web']));
  assert.ok(!expression('In', 'none', ['web']));
  assert.ok(!expression('NotIn', 'app', ['web']));
  assert.ok(expression('NotIn', 'none', ['web']));
  assert.ok(expression('Exists', 'app'));
  assert.ok(!expression('Exists', 'none'));
  assert.ok(expression('DoesNotExist', 'none'));
  assert.ok(!expression('DoesNotExist', 'app'));
  assert.ok(
    !selects({ matchLabels: { app: 'web' }, matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, labels),
  );
});

test('what every object has by birth is no label', () => {
  assert.ok(!selects({ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, labels));
});

test('a selector is the more specific the more it asks for', () => {
  assert.equal(requirements({}), 0);
  assert.equal(requirements({ matchLabels: labels, matchExpressions: [{ key: 'a', operator: 'Exists' }] }), 3);
});
