import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alphaOfLook,
  DEFAULT_RULES,
  type Decision,
  decide,
  type GateRules,
  isFinal,
} from '../../../src/bench/decision.ts';
import { normal } from './distributions.ts';

const RULES: GateRules = { ...DEFAULT_RULES, seed: 1 };

/** Blocks come in until the decision is final. `change` is relative, `noise` the standard deviation of a block's logarithm. */
function play(draw: () => number, changes: readonly number[], noise: number, rules: GateRules): Decision {
  const logRatios = new Map(changes.map((_, index) => [`case ${index}`, [] as number[]]));
  for (;;) {
    for (const [index, change] of changes.entries()) {
      logRatios.get(`case ${index}`)!.push(Math.log1p(change) + noise * draw());
    }
    const decision = decide(logRatios, rules);
    if (decision !== undefined && isFinal(decision, rules)) return decision;
  }
}

test('what the looks spend adds up to alpha', () => {
  const parts = RULES.looks.map((_, index) => alphaOfLook(RULES, index));
  assert.ok(Math.abs(parts.reduce((sum, part) => sum + part, 0) - RULES.alpha) < 1e-12);
});

test('between looks nothing is decided', () => {
  const values = Array.from({ length: 13 }, (_, i) => 0.2 + i / 1000);
  assert.equal(decide(new Map([['a', values]]), RULES), undefined);
  assert.notEqual(decide(new Map([['a', values.slice(1)]]), RULES), undefined);
});

test('without any tolerance, false alarms are no more frequent than alpha says, over all looks and cases', () => {
  const rules: GateRules = { alpha: 0.2, tolerance: 0, margin: 1e-9, looks: [12, 18, 27], seed: 1 };
  const draw = normal(5);
  let alarms = 0;
  const runs = 250;
  for (let seed = 0; seed < runs; seed++) {
    if (play(draw, [0, 0], 0.02, { ...rules, seed }).verdict !== 'undecided') alarms += 1;
  }
  // 0.2 and three standard errors.
  assert.ok(alarms / runs < 0.276, `${alarms} of ${runs}`);
  // The bound is no empty one: a test that never alarmed would be too careful.
  assert.ok(alarms / runs > 0.05, `${alarms} of ${runs}`);
});

test('5 % slower in one case of three is slower, at the first look where blocks vary by 1 %', () => {
  const draw = normal(6);
  for (let seed = 0; seed < 8; seed++) {
    const decision = play(draw, [0, 0.05, 0], 0.01, { ...RULES, seed });
    assert.equal(decision.verdict, 'slower');
    assert.equal(decision.blocks, 12);
    assert.deepEqual(
      decision.cases.filter(({ verdict }) => verdict === 'slower').map(({ name }) => name),
      ['case 1'],
    );
  }
});

test('no change is the same within the margin', () => {
  const draw = normal(7);
  for (let seed = 0; seed < 8; seed++) assert.equal(play(draw, [0, 0], 0.01, { ...RULES, seed }).verdict, 'same');
});

test('5 % faster everywhere is faster', () => {
  assert.equal(play(normal(8), [-0.05, -0.05], 0.01, RULES).verdict, 'faster');
});

test('a change below the tolerance is not called slower, however surely it is there', () => {
  assert.equal(play(normal(9), [0.005], 0.0005, RULES).verdict, 'same');
});

test('where blocks vary by a fifth, it gives up', () => {
  const decision = play(normal(10), [0], 0.2, RULES);
  assert.equal(decision.verdict, 'undecided');
  assert.equal(decision.blocks, RULES.looks.at(-1));
});

test('a ratio that drifts decides nothing', () => {
  const drifting = Array.from({ length: 12 }, (_, block) => 0.05 + block * 0.01);
  const decision = decide(new Map([['a', drifting]]), RULES)!;
  assert.equal(decision.verdict, 'undecided');
  assert.deepEqual(decision.drift, ['a: the ratio drifted from block to block']);
});

test('the same samples and seed come to the same decision', () => {
  const values = Array.from({ length: 12 }, normal(11)).map((value) => value / 50);
  assert.deepEqual(decide(new Map([['a', values]]), RULES), decide(new Map([['a', values]]), RULES));
});
