import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { choosePaths, detours } from '../../../src/k8s/agent/path-choice.ts';
import { refusal } from '../../../src/k8s/policy/constraints.ts';
import { type Decision, decide } from '../../../src/k8s/policy/decision.ts';
import type { PathPolicy } from '../../../src/k8s/policy/model.ts';
import type { Path } from '../../../src/scion/end-to-end-path.ts';
import { isdOf } from '../../../src/scion/isd-as.ts';
import { ASES, DST, FROM, interfacesOf, PATHS, SRC, TO, transitOf } from './paths.ts';
import { constrained } from './policy.ts';

const decision = (pathConstraints: object, rest?: object): Decision =>
  decide(constrained(pathConstraints, rest), PATHS, FROM, TO);
const chosen = (pathConstraints: object): Path[] => decision(pathConstraints).paths.map(({ path }) => path);
const allowedBy = ({ constraints }: PathPolicy) => PATHS.filter((path) => refusal(path, constraints) === undefined);

test('there are paths to choose from', () => {
  assert.ok(PATHS.length > 10);
});

test('requireISDs wants every AS of the path in one of them', () => {
  assert.equal(allowedBy(constrained({ requireISDs: [1, 2] })).length, PATHS.length);
  const { inForce, refused } = decision({ requireISDs: [1] });
  assert.equal(inForce, 'Blocked');
  assert.match([...refused.keys()][0] ?? '', /^leads through 2-ff00:0:\w+, outside ISD 1$/);
  assert.equal(
    [...refused.values()].reduce((sum, count) => sum + count),
    PATHS.length,
  );
});

test('avoidTransitASes keeps out an AS, of one ISD or of any, but never one of the two ends', () => {
  for (const name of ['1-ff00:0:111', 'ff00:0:111']) {
    const paths = allowedBy(constrained({ avoidTransitASes: [name] }));
    assert.ok(paths.length > 0 && paths.length < PATHS.length);
    assert.ok(paths.every((path) => !transitOf(path).includes('1-ff00:0:111')));
  }
  assert.equal(allowedBy(constrained({ avoidTransitASes: ['2-ff00:0:111'] })).length, PATHS.length);
  assert.equal(allowedBy(constrained({ avoidTransitASes: [SRC, DST] })).length, PATHS.length);
});

test('allowTransitASes lets nothing through but what it names', () => {
  const [only] = chosen({ allowTransitASes: ['1-ff00:0:111', '2-ff00:0:211'] });
  assert.deepEqual(transitOf(only!), ['1-ff00:0:111', '2-ff00:0:211']);
  assert.equal(decision({ allowTransitASes: ['1-ff00:0:151'] }).inForce, 'Blocked');
});

test('a hop sequence, a longest latency and a least MTU are kept', () => {
  const over120 = allowedBy(constrained({ hopSequence: '0 0* 1-ff00:0:120 0* 0' }));
  assert.ok(over120.length > 0 && over120.every((path) => transitOf(path).includes('1-ff00:0:120')));
  const fast = allowedBy(constrained({ maxLatency: '18ms' }));
  assert.ok(fast.length > 0 && fast.every(({ latencyNs }) => latencyNs <= 18e6));
  assert.ok(PATHS.some(({ latencyNs }) => latencyNs > 18e6));
  assert.match([...decision({ maxLatency: '1ms' }).refused.keys()][0] ?? '', /^takes \d+ms, more than 1ms$/);
  assert.equal(allowedBy(constrained({ minMTU: 1500 })).length, PATHS.length);
  assert.deepEqual(
    [...decision({ minMTU: 1501 }).refused],
    [['carries packets of 1500 bytes, not of 1501', PATHS.length]],
  );
});

test('LowestLatency prefers the fastest path, over whichever node it leaves', () => {
  const away = PATHS.filter((path) => detours(path, FROM, TO) > 0);
  assert.ok(away.length > 0);
  const policy = constrained({ hopSequence: '1-ff00:0:141#2 0*' });
  const [first] = decide(policy, PATHS, FROM, TO).paths;
  assert.equal(first!.path.latencyNs, Math.min(...allowedBy(policy).map(({ latencyNs }) => latencyNs)));
  assert.ok(detours(first!.path, FROM, TO) > 0, 'interface 2 is the other node’s');
  const all = chosen({});
  assert.equal(all[0]!.latencyNs, Math.min(...PATHS.map(({ latencyNs }) => latencyNs)));
  assert.deepEqual(
    all.map(({ latencyNs }) => latencyNs),
    all.map(({ latencyNs }) => latencyNs).toSorted((x, y) => x - y),
  );
});

test('ShortestPath prefers the path of the fewest ASes', () => {
  const paths = chosen({ strategy: 'ShortestPath', avoidTransitASes: ['1-ff00:0:111'] });
  const lengths = paths.map(({ hops }) => hops.length);
  assert.deepEqual(
    lengths,
    lengths.toSorted((x, y) => x - y),
  );
});

test('Disjoint spreads flows over paths without a link in common, by weights from the fastest on', () => {
  const { mode, paths } = decision({ strategy: 'Disjoint', multipath: { weights: [5, 3, 1] } });
  assert.equal(mode, 'weighted');
  assert.deepEqual(
    paths.map(({ path, weight }) => [path.latencyNs / 1e6, weight]),
    [
      [12, 5],
      [24, 3],
      [36, 1],
    ],
  );
  assert.equal(decision({ strategy: 'Disjoint' }).paths.length, 2);
  assert.deepEqual(
    decision({ strategy: 'Disjoint', multipath: { paths: 8 } }).paths.map(({ weight }) => weight),
    [1, 1, 1],
    'there are no more than three',
  );
});

test('Pinned takes the path that it names and no other', () => {
  const path = PATHS.at(-1)!;
  const pinned = decision({ strategy: 'Pinned', pinnedPath: interfacesOf(path) });
  assert.deepEqual(
    pinned.paths.map((each) => each.path),
    [path],
  );
  const gone = decision({ strategy: 'Pinned', pinnedPath: interfacesOf(path).toReversed() });
  assert.deepEqual([gone.inForce, [...gone.refused]], ['Blocked', [['is not the one that is pinned', PATHS.length]]]);
});

test('a policy that no path satisfies blocks, unless it says where else its packets may go', () => {
  const of = (onUnsatisfied: string) => decision({ requireISDs: [1] }, { onUnsatisfied });
  assert.deepEqual([of('Block').inForce, of('Block').paths], ['Blocked', []]);
  assert.deepEqual([of('PlainIP').inForce, of('PlainIP').paths], ['PlainIP', []]);
  assert.equal(of('AnyPath').inForce, 'AnyPath');
  assert.deepEqual(
    of('AnyPath').paths.map(({ path }) => path),
    choosePaths(PATHS, FROM, TO),
  );
  assert.equal(decision({ requireISDs: [1] }).inForce, 'Blocked', 'by default');
});

const asNames = fc.constantFrom(...ASES);
const isd = fc.integer({ min: 1, max: 3 });
const someConstraints = fc.record(
  {
    requireISDs: fc.uniqueArray(isd, { minLength: 1 }),
    avoidTransitASes: fc.uniqueArray(asNames, { minLength: 1, maxLength: 4 }),
    maxLatency: fc.integer({ min: 5, max: 60 }).map((ms) => `${ms}ms`),
    minMTU: fc.constantFrom(1308, 1500, 1501),
    strategy: fc.constantFrom('LowestLatency', 'ShortestPath', 'Disjoint'),
  },
  { requiredKeys: [] },
);
const onUnsatisfied = fc.constantFrom('Block', 'AnyPath', 'PlainIP');

test('whatever a policy asks for, no path in force breaks it, unless it says AnyPath and nothing satisfies it', () => {
  fc.assert(
    fc.property(someConstraints, onUnsatisfied, (constraints, otherwise) => {
      const made = constrained(constraints, { onUnsatisfied: otherwise });
      const { inForce, paths, refused } = decide(made, PATHS, FROM, TO);
      const allowed = allowedBy(made);
      assert.equal(inForce === 'Paths', allowed.length > 0);
      assert.equal(
        [...refused.values()].reduce((sum, each) => sum + each, 0),
        PATHS.length - allowed.length,
      );
      if (inForce === 'AnyPath') return;
      for (const { path } of paths) {
        assert.ok(
          constraints.requireISDs === undefined ||
            path.hops.every(({ ia }) => constraints.requireISDs!.includes(isdOf(ia))),
        );
        assert.ok(transitOf(path).every((ia) => !(constraints.avoidTransitASes ?? []).some((each) => each === ia)));
        assert.ok(allowed.includes(path));
      }
    }),
  );
});

test('the choice depends on the paths alone, not on their order, and fits a set of the dataplane', () => {
  const order = fc.shuffledSubarray([...PATHS], { minLength: 1 });
  fc.assert(
    fc.property(someConstraints, order, (constraints, paths) => {
      const made = constrained(constraints);
      const one = decide(made, paths, FROM, TO).paths;
      const other = decide(made, paths.toReversed(), FROM, TO).paths;
      assert.deepEqual(one, other);
      assert.ok(one.length <= 8);
      assert.equal(new Set(one.map(({ path }) => path)).size, one.length);
    }),
  );
});

test('no two paths of a disjoint choice share an interface', () => {
  const count = fc.integer({ min: 2, max: 8 });
  fc.assert(
    fc.property(fc.shuffledSubarray([...PATHS]), count, (paths, several) => {
      const made = constrained({ strategy: 'Disjoint', multipath: { paths: several } });
      const all = decide(made, paths, FROM, TO).paths.flatMap(({ path }) => interfacesOf(path));
      assert.equal(new Set(all).size, all.length);
      assert.equal(all.length > 0, paths.length > 0);
    }),
  );
});
