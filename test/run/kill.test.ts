import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { photographHost } from '../lab/host-photo.ts';
import { cilion, startCilion } from './cilion.ts';

const POINTS = 20;
/** From the command's start to the middle of its first pass. */
const SPAN_MS = 4000;

const results = mkdtempSync(join(tmpdir(), 'cilion-kill-'));
after(() => rmSync(results, { recursive: true }));

test(`a run that is killed at any of ${POINTS} points is taken down whole by destroy`, async () => {
  const before = await photographHost();
  for (let point = 1; point <= POINTS; point += 1) {
    const running = startCilion(['run', 'scenarios/tiny.yaml', '--results', results]);
    const ms = (SPAN_MS * point) / POINTS;
    await delay(ms);
    process.kill(running.pid, 'SIGKILL');
    await running.ended;
    const { code, stderr } = await cilion(['destroy', '--all']);
    assert.equal(code, 0, `after ${ms} ms: ${stderr}`);
    assert.deepEqual(await photographHost(), before, `after ${ms} ms`);
  }
});
