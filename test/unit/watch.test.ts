import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { start } from '../../src/process/process.ts';
import { Watch } from '../../src/process/watch.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cilion-watch-'));
after(() => rmSync(scratch, { recursive: true }));

test('a process that is killed is told of with its name, its program, its pid and the signal', async () => {
  const watch = new Watch();
  const running = start(['sleep', '60']);
  watch.add('the sleeper', running);
  process.kill(running.pid, 'SIGKILL');
  assert.equal(await watch.hasEnding(), true);
  assert.equal(watch.endings[0]?.text, `the sleeper (sleep, pid ${running.pid}) ended by itself with signal SIGKILL`);
  assert.match(String(watch.signal.reason), /the sleeper/);
});

test('a process that ends with an error is told of with its exit code and its last words', async () => {
  const watch = new Watch();
  watch.add('the lister', start(['ls', '/nowhere'], { stderrFile: join(scratch, 'ls'), env: { LC_ALL: 'C' } }), true);
  assert.equal(await watch.hasEnding(), true);
  assert.match(watch.endings[0]!.text, /^the lister \(ls, pid \d+\) ended by itself with exit code 2: ls: .*nowhere/);
});

test('a process that was stopped, one that ends as it should, and what ends after the watch is closed are no surprise', async () => {
  const watch = new Watch();
  const [stopped, done, late] = [start(['sleep', '60']), start(['true']), start(['sleep', '60'])];
  watch.add('stopped', stopped);
  watch.add('done', done, true);
  watch.add('late', late);
  await Promise.all([stopped.stop(), done.exited]);
  watch.close();
  process.kill(late.pid, 'SIGKILL');
  await late.exited;
  assert.equal(await watch.hasEnding(), false);
});

test('a process that is meant to run on is told of even when it ends without an error', async () => {
  const watch = new Watch();
  watch.add('brief', start(['true']));
  assert.equal(await watch.hasEnding(), true);
  assert.match(watch.endings[0]!.text, /exit code 0$/);
});
