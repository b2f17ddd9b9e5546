/** The reference router in the bench takes every kind of packet that the bench measures it with. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import type { RateSample } from '../../src/bench/bench-bundle.ts';
import { CASE_KINDS } from '../../src/bench/case-kinds.ts';
import { caseFrames, parseCase } from '../../src/bench/cases.ts';
import { atRate } from '../../src/bench/measure.ts';
import { withSubject } from '../lab/bench-subject.ts';

/** Slow enough for any machine, and few enough for the buffers of a socket. */
const PACKETS_PER_SECOND = 2000;
const SECONDS = 0.1;
/** Only what is lost takes so long. */
const PATIENCE_MS = 5000;

test('the reference router forwards every case of the bench', async () => {
  await withSubject('reference', availableParallelism() - 1, async (bench, subject) => {
    const timestamp = Math.floor(Date.now() / 1000) - 60;
    for (const { name } of CASE_KINDS) {
      const benchCase = parseCase(`${name}/few/64`);
      const traffic = bench.programs.prepare(caseFrames(benchCase, timestamp));
      const sample: Omit<RateSample, 'block'> = await atRate(
        bench,
        subject,
        benchCase,
        traffic,
        PACKETS_PER_SECOND,
        SECONDS,
        PATIENCE_MS,
      );
      assert.equal(sample.sent, PACKETS_PER_SECOND * SECONDS, name);
      // A case that it does not forward arrives not once; on a busy machine its queues lose some of any.
      assert.ok(sample.received > sample.sent / 2 && sample.received <= sample.sent, `${name}: ${sample.received}`);
    }
  });
});
