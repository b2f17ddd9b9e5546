/** The benches' routers forward what is counted. How fast is no matter of a test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouterSample } from '../../src/bench/bench-bundle.ts';
import { CASE_KINDS } from '../../src/bench/case-kinds.ts';
import { caseFrames, caseName, parseCase } from '../../src/bench/cases.ts';
import { atRate } from '../../src/bench/measure.ts';
import { runRouterBench } from '../../src/bench/router-bench.ts';
import { buildAll } from '../../src/dataplane/build.ts';
import { LabDirectory } from '../../src/emulator/lab-directory.ts';
import { run } from '../../src/process/process.ts';
import { withSubject } from './bench-subject.ts';

const PACKETS = 2000;
const CASES = [
  ...CASE_KINDS.map(({ name }) => parseCase(`${name}/few/64`)),
  ...['transit-1/cold/1400', 'crossover-2/cold/64'].map(parseCase),
];
const SUBJECTS = ['drop', 'redirect', 'ip', 'bridge', 'cilion'] as const;

/** Frames that devices of a namespace say they dropped. */
async function droppedIn(netns: string): Promise<number> {
  const { stdout } = await run(['ip', '-json', '-statistics', 'link', 'show'], { netns });
  const devices = JSON.parse(stdout) as { stats64: Record<'rx' | 'tx', { dropped: number }> }[];
  return devices.reduce((sum, { stats64 }) => sum + stats64.rx.dropped + stats64.tx.dropped, 0);
}

test('every frame that is sent arrives, or a device says that it dropped it, and the router counts the same', async () => {
  await buildAll();
  const before = LabDirectory.list();
  const samples: RouterSample[] = [];
  await runRouterBench(
    {
      cases: CASES,
      manyCoreCases: [],
      pacedCases: [],
      subjects: SUBJECTS,
      blocks: 1,
      ladders: 0,
      packets: PACKETS,
      cpus: [0],
      seed: 1,
    },
    {
      signal: new AbortController().signal,
      progress: () => {},
      onSample: (sample) => {
        if (sample.kind === 'burst') samples.push(sample);
      },
      inspect: async (lab, programs, subjects) => {
        const { sent, received, stray } = programs.counts();
        const places = [lab.ends, ...subjects.map(({ site }) => site.netns)];
        const dropped = (await Promise.all(places.map(droppedIn))).reduce((sum, count) => sum + count, 0);
        assert.equal(stray, 0);
        assert.equal(sent - received, dropped);
        const counts = subjects.find(({ name }) => name === 'cilion')!.counts!();
        // What is not forwarded would stand here under its reason.
        assert.deepEqual(Object.keys(counts).sort(), ['FORWARDED', 'TO_SIBLING']);
      },
    },
  );
  assert.equal(samples.length, CASES.length * SUBJECTS.length);
  for (const sample of samples) {
    const what = `${sample.subject} ${sample.case}`;
    assert.equal(sample.sent, PACKETS, what);
    assert.ok(sample.received > 0 && sample.received <= PACKETS, what);
    assert.ok(sample.cpuNs > 0 && sample.wallNs > 0, what);
  }
  assert.deepEqual([...new Set(samples.map((sample) => sample.case))].sort(), CASES.map(caseName).sort());
  assert.deepEqual(LabDirectory.list(), before);
});

test('frames that are offered at a rate are all sent and counted, and never faster than the rate', async () => {
  await withSubject('redirect', 0, async (bench, subject) => {
    const benchCase = parseCase('transit-1/few/64');
    const traffic = bench.programs.prepare(caseFrames(benchCase, Math.floor(Date.now() / 1000) - 60));
    for (const rate of [1000, 7777, 40_000, 200_000]) {
      const sample = await atRate(bench, subject, benchCase, traffic, rate, 0.1);
      assert.equal(sample.sent, Math.round(rate * 0.1));
      assert.ok(sample.received > 0 && sample.received <= sample.sent, `${rate}: ${sample.received}`);
      // The last batch has nothing to wait for after it; a busy machine is late, and says so.
      assert.ok(sample.offered > 0 && sample.offered <= (rate * sample.sent) / (sample.sent - 16), `${sample.offered}`);
    }
  });
});
