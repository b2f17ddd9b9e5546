/** The reference router in the bench takes every kind of packet that the bench measures it with. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import type { RateSample } from '../../src/bench/bench-bundle.ts';
import { BenchLab } from '../../src/bench/bench-lab.ts';
import { BenchPrograms } from '../../src/bench/bench-programs.ts';
import { CASE_KINDS } from '../../src/bench/case-kinds.ts';
import { caseFrames, parseCase } from '../../src/bench/cases.ts';
import { Generator } from '../../src/bench/generator.ts';
import { atRate } from '../../src/bench/measure.ts';
import { farMac, routerMac } from '../../src/bench/places.ts';
import { startSubject } from '../../src/bench/subjects.ts';
import { buildAll } from '../../src/dataplane/build.ts';

/** Slow enough for any machine, and few enough for the buffers of a socket. */
const PACKETS_PER_SECOND = 2000;
const SECONDS = 0.1;
/** Only what is lost takes so long. */
const PATIENCE_MS = 5000;

test('the reference router forwards every case of the bench', async () => {
  await buildAll();
  const lab = await BenchLab.build(['reference'], 1);
  const programs = new BenchPrograms({ to: farMac('out'), from: routerMac('out') });
  let generator: Generator | undefined;
  let stop = async () => {};
  try {
    programs.generator.attachXdp(lab.idle, lab.ends);
    generator = await Generator.start({ programId: programs.generator.info.id, netns: lab.ends }, [0]);
    const subject = await startSubject('reference', {
      lab,
      programs,
      cpu: availableParallelism() - 1,
      progress: () => {},
    });
    stop = () => subject.stop();
    const timestamp = Math.floor(Date.now() / 1000) - 60;
    for (const { name } of CASE_KINDS) {
      const benchCase = parseCase(`${name}/few/64`);
      const traffic = programs.prepare(caseFrames(benchCase, timestamp));
      const sample: Omit<RateSample, 'block'> = await atRate(
        { programs, generator },
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
  } finally {
    await generator?.stop();
    await stop();
    programs.close();
    await lab.destroy();
  }
});
