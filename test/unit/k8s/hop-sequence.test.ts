import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HopSequenceError, matchesSequence, parseHopSequence } from '../../../src/k8s/policy/hop-sequence.ts';
import type { PathHop } from '../../../src/scion/end-to-end-path.ts';
import { parseIsdAs } from '../../../src/scion/isd-as.ts';

const hop = (ia: string, ingress: number, egress: number): PathHop => ({ ia: parseIsdAs(ia), ingress, egress });

const hops = [hop('1-ff00:0:111', 0, 2), hop('1-ff00:0:110', 11, 3), hop('2-ff00:0:210', 3, 12), hop('2-64512', 1, 0)];

const matches = (text: string, path: readonly PathHop[] = hops) => matchesSequence(parseHopSequence(text), path);

test('a hop sequence is matched against the whole path, a predicate an AS', () => {
  assert.ok(matches('1-ff00:0:111 1-ff00:0:110 2-ff00:0:210 2-64512'));
  assert.ok(matches('1 1 2 2'));
  assert.ok(matches('0 0 0 0'));
  assert.ok(!matches('0 0 0'));
  assert.ok(!matches('0 0 0 0 0'));
  assert.ok(!matches('2 1 2 2'));
});

test('a hop predicate names either interface, or ingress and egress; 0 is any', () => {
  assert.ok(matches('0 1-ff00:0:110#11 0 0'));
  assert.ok(matches('0 1-ff00:0:110#3 0 0'));
  assert.ok(!matches('0 1-ff00:0:110#4 0 0'));
  assert.ok(matches('0 1-ff00:0:110#11,3 0 0'));
  assert.ok(!matches('0 1-ff00:0:110#3,11 0 0'));
  assert.ok(matches('0 1-ff00:0:110#0,3 0-0#3,0 0'));
  assert.ok(matches('0 0-ff00:0:110 0 2-0#1'));
});

test('?, *, +, | and parentheses mean what they mean in the reference’s sequences', () => {
  assert.ok(matches('0*'));
  assert.ok(matches('0+'));
  assert.ok(matches('1+ 2+'));
  assert.ok(matches('1 1 1? 2 2'));
  assert.ok(matches('1-ff00:0:111 (1|2)* 2-64512'));
  assert.ok(matches('(1 1 | 2) 2 2'));
  assert.ok(matches('1* (2 2)?'));
  assert.ok(!matches('1+'));
  assert.ok(!matches('(1 2)+'));
  assert.ok(matches('0*', []));
  assert.ok(!matches('0+', []));
  assert.ok(matches('((0?)*)* 2-64512'));
});

test('what is no hop sequence is refused, and it is said why', () => {
  for (const [text, why] of [
    ['', /a hop is missing/],
    ['1-ff00:0:110 |', /a hop is missing/],
    ['(1 2', /not closed/],
    ['1 2)', /"\)" stands where nothing can stand/],
    ['* 1', /"\*" has no hop before it/],
    ['1-ff00:0:xyz', /"1-ff00:0:xyz" names no AS/],
    ['ff00:0:110', /begins with no ISD/],
    ['70000', /begins with no ISD/],
    ['1-ff00:0:110#x', /interfaces that cannot be read/],
    ['1-ff00:0:110#1,2,3', /interfaces that cannot be read/],
    ['1#2', /has interfaces, but no AS/],
    ['0 '.repeat(600), /longer than 1024 characters/],
  ] as const) {
    assert.throws(
      () => parseHopSequence(text),
      (error) => error instanceof HopSequenceError && why.test(error.message),
      text,
    );
  }
});

test('the sequence that spells out a path matches it, and no path that differs in one hop', () => {
  const as = fc.constantFrom('1-ff00:0:110', '1-ff00:0:120', '2-64512', '2-ff00:0:210');
  const anyHop = fc.tuple(as, fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })).map((h) => hop(...h));
  const spelled = (path: readonly PathHop[]) => path.map((h) => `${h.ia}#${h.ingress},${h.egress}`).join(' ');
  fc.assert(
    fc.property(fc.array(anyHop, { minLength: 1, maxLength: 8 }), fc.nat(), anyHop, (path, at, other) => {
      const sequence = spelled(path);
      assert.ok(matches(sequence, path));
      const index = at % path.length;
      const changed = path.with(index, other);
      const wild = (now: number, was: number) => was === 0 || now === was;
      const same =
        other.ia === path[index]!.ia &&
        wild(other.ingress, path[index]!.ingress) &&
        wild(other.egress, path[index]!.egress);
      assert.equal(matches(sequence, changed), same);
    }),
  );
});

test('no text makes the matching slow', () => {
  const long = Array.from({ length: 64 }, () => hop('1-ff00:0:110', 1, 2));
  const since = performance.now();
  assert.ok(!matches(`${'(0*)*'.repeat(150)} 2`, long));
  assert.ok(performance.now() - since < 5000);
});
