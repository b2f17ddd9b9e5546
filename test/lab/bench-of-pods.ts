/** Runs a bench over labs by the command line and looks at what it leaves. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchBundle, readBenchBundle } from '../../src/bench/bench-files.ts';
import { LabDirectory } from '../../src/emulator/lab-directory.ts';
import { namespaceFiles } from '../../src/emulator/namespace-processes.ts';
import { cilion, type Ended, startCilion } from '../run/cilion.ts';

export interface Benched {
  readonly bundle: BenchBundle;
  readonly ended: Ended;
  /** What `bench report` prints of it. */
  readonly again: string;
}

/** A folder for bundles that is gone afterwards. */
export async function withResults<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ctbench-'));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs `cilion bench …` to its end, which must be a good one, and its report again from the bundle. */
export function bench(args: readonly string[]): Promise<Benched> {
  return withResults(async (results) => {
    const ended = await cilion(['bench', ...args, '--results', results]);
    assert.equal(ended.code, 0, ended.stderr);
    const folders = readdirSync(results);
    assert.equal(folders.length, 1);
    const folder = join(results, folders[0]!);
    assert.deepEqual(readdirSync(folder).sort(), ['manifest.json', 'report.html', 'samples.ndjson', 'summary.json']);
    const report = await cilion(['bench', 'report', folder]);
    assert.equal(report.code, 0, report.stderr);
    return { bundle: readBenchBundle(folder), ended, again: report.stdout };
  });
}

/** Ctrl-C as soon as it has a lab that runs; then nothing of it is left. */
export function interrupt(args: readonly string[]): Promise<void> {
  return withResults(async (results) => {
    const started = startCilion(['bench', ...args, '--results', results]);
    const labs = await Promise.race([labsOf(started.pid), started.ended.then(({ stderr }) => assert.fail(stderr))]);
    process.kill(started.pid, 'SIGINT');
    const { code, stderr } = await started.ended;
    assert.equal(code, 3, stderr);
    assert.match(stderr, /SIGINT/);
    assert.deepEqual(readdirSync(results), []);
    for (const { id, namespacePrefix } of labs) {
      assert.ok(!LabDirectory.list().includes(id));
      assert.deepEqual(
        namespaceFiles().filter((name) => name.startsWith(namespacePrefix)),
        [],
      );
    }
  });
}

/** Those that a process has made, as soon as there is one that runs. `cilion` is a script that becomes the program: one pid. */
async function labsOf(pid: number): Promise<LabDirectory[]> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const labs = LabDirectory.all().filter((lab) => lab.owner()?.pid === pid);
    if (labs.some((lab) => lab.state() === 'running')) return labs;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`pid ${pid} has no lab that runs`);
}
