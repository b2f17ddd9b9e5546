import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visible, visibleLines } from '../../src/errors.ts';
import { Progress } from '../../src/report/progress.ts';

const HOSTILE = 'a\u001b]0;title\u0007\u001b[2Jb\u202ec';
const SHOWN = 'a\\u{1b}]0;title\\u{7}\\u{1b}[2Jb\\u{202e}c';

test('what a terminal would obey is written out', () => {
  assert.equal(visible(`${HOSTILE}\n`), `${SHOWN}\\u{a}`);
  assert.equal(visibleLines(`${HOSTILE}\nÄ → 日本`), `${SHOWN}\nÄ → 日本`);
});

test('neither notes nor details of a stage bring control characters of a scenario to the terminal', async () => {
  let written = '';
  const progress = new Progress({ isTTY: false, write: (text: string) => (written += text) });
  progress.note(`  ! ${HOSTILE}`);
  await progress.stage('pass', async (detail) => detail(HOSTILE));
  assert.ok(!/[\u0007\u001b\u202e]/.test(written), JSON.stringify(written));
  assert.equal(written.split(SHOWN).length, 3);
});
