import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { KeptState } from '../../../src/scion/reference/kept-state.ts';

const HOUR_MS = 3_600_000;

/** A control plane's folder with something learned in it, and an empty cache beside it. */
function folders(t: TestContext): { cache: string; learned: string; fresh: string } {
  const root = mkdtempSync(join(tmpdir(), 'cilion-kept-'));
  t.after(() => rmSync(root, { recursive: true }));
  const [cache, learned, fresh] = ['cache', 'learned', 'fresh'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const part of ['gen', 'state']) {
    mkdirSync(join(learned, part), { recursive: true });
    writeFileSync(join(learned, part, 'file'), part);
  }
  mkdirSync(cache);
  return { cache, learned, fresh };
}

function leave(cache: string, name: string, hoursAgo: number): void {
  mkdirSync(join(cache, name, 'gen'), { recursive: true });
  const then = new Date(Date.now() - hoursAgo * HOUR_MS);
  utimesSync(join(cache, name), then, then);
}

test('what a crash left unfinished is removed at the next keep, and what another lab is just making is not', (t) => {
  const { cache, learned } = folders(t);
  leave(cache, 'new-crashed', 1);
  leave(cache, '0123456789abcdef', 1);
  leave(cache, 'new-making', 0);
  new KeptState(cache, 'key').keep(learned, new Date());
  assert.deepEqual(readdirSync(cache).sort(), ['key', 'new-making']);
});

test('what was learned too long ago, or at no readable time, is of no use', (t) => {
  const { cache, learned, fresh } = folders(t);
  const old = new KeptState(cache, 'old');
  old.keep(learned, new Date(Date.now() - 3 * HOUR_MS));
  assert.equal(old.restore(fresh), undefined);
  const damaged = new KeptState(cache, 'damaged');
  damaged.keep(learned, new Date());
  writeFileSync(join(cache, 'damaged', 'learned-at'), '');
  assert.equal(damaged.restore(fresh), undefined);
  assert.ok(!existsSync(fresh));
  assert.deepEqual(readdirSync(cache).sort(), ['damaged']);
});

test('what cannot be kept whole leaves nothing, and what was kept before stays', (t) => {
  const { cache, learned, fresh } = folders(t);
  const kept = new KeptState(cache, 'key');
  const learnedAt = new Date();
  kept.keep(learned, learnedAt);
  rmSync(join(learned, 'state'), { recursive: true });
  assert.throws(() => kept.keep(learned, new Date()), /ENOENT/);
  assert.deepEqual(readdirSync(cache), ['key']);
  assert.deepEqual(kept.restore(fresh), learnedAt);
  assert.equal(readFileSync(join(fresh, 'state', 'file'), 'utf8'), 'state');
});
