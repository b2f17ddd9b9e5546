/** Judges assertions, and keeps the numbers that decided. */
import type { Assertion, Comparison } from '../scenario/model.ts';
import type { Verdict, Verdicts } from './bundle.ts';
import { METRIC_UNITS, measure } from './metrics.ts';
import type { PassData } from './pass-data.ts';

const NANOSECONDS = 1e9;

const HOLDS: Readonly<Record<Comparison, (actual: number, expected: number) => boolean>> = {
  above: (actual, expected) => actual > expected,
  atLeast: (actual, expected) => actual >= expected,
  below: (actual, expected) => actual < expected,
  atMost: (actual, expected) => actual <= expected,
  equals: (actual, expected) => actual === expected,
};

/**
 * One verdict an assertion. An assertion holds when every repetition of its transport holds; a metric that could not
 * be had, or a transport without a pass, does not hold: absence of evidence proves nothing.
 */
export function judge(assertions: readonly Assertion[], passes: readonly PassData[]): Verdicts {
  const verdicts = assertions.map((assertion) => judgeOne(assertion, passes));
  return { verdicts, holds: verdicts.every((verdict) => verdict.holds) };
}

function judgeOne(assertion: Assertion, passes: readonly PassData[]): Verdict {
  const window = { from: assertion.from / NANOSECONDS, to: assertion.to / NANOSECONDS };
  const actual = passes
    .filter((data) => data.pass.transport === assertion.transport)
    .map((data) => ({
      pass: data.pass.id,
      // A window that the pass did not come to the end of was not measured.
      value:
        window.to > data.durationSeconds
          ? null
          : measure(assertion.metric, data, window, assertion.workload, assertion.link),
    }));
  const holds = HOLDS[assertion.comparison];
  return {
    name: assertion.name,
    transport: assertion.transport,
    metric: assertion.metric,
    workload: assertion.workload ?? null,
    ...(assertion.link === undefined ? {} : { link: assertion.link }),
    ...window,
    comparison: assertion.comparison,
    expected: assertion.value,
    unit: METRIC_UNITS[assertion.metric],
    actual,
    holds: actual.length > 0 && actual.every(({ value }) => value !== null && holds(value, assertion.value)),
  };
}
