/** A subject of the router bench, alone in a lab of its own, with the generator that sends to it. */
import { BenchLab } from '../../src/bench/bench-lab.ts';
import { BenchPrograms } from '../../src/bench/bench-programs.ts';
import { Generator } from '../../src/bench/generator.ts';
import type { Bench } from '../../src/bench/measure.ts';
import { farMac, routerMac } from '../../src/bench/places.ts';
import { type Subject, type SubjectName, startSubject } from '../../src/bench/subjects.ts';
import { buildAll } from '../../src/dataplane/build.ts';

/**
 * Takes everything down behind `body`, whatever happens.
 * @param cpu Of the subject, where it is a process; the generator runs on 0.
 */
export async function withSubject(
  name: SubjectName,
  cpu: number,
  body: (bench: Bench, subject: Subject) => Promise<void>,
): Promise<void> {
  await buildAll();
  const lab = await BenchLab.build([name], 1);
  const programs = new BenchPrograms({ to: farMac('out'), from: routerMac('out') });
  let generator: Generator | undefined;
  let stop = async () => {};
  try {
    programs.generator.attachXdp(lab.idle, lab.ends);
    generator = await Generator.start({ programId: programs.generator.info.id, netns: lab.ends }, [0]);
    const subject = await startSubject(name, { lab, programs, cpu, progress: () => {} });
    stop = () => subject.stop();
    await body({ programs, generator }, subject);
  } finally {
    await generator?.stop();
    await stop();
    programs.close();
    await lab.destroy();
  }
}
