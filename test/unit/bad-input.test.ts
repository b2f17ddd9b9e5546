/** Every case of test/fixtures/bad-input, with its whole message; the files there are meant to be read. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { planLab } from '../../src/emulator/plan-lab.ts';
import { InputError } from '../../src/errors.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { BASE, readCases } from '../fixtures/bad-input/read-cases.ts';

let folder = '';
let count = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cilion-bad-input-'));
});

after(() => rm(folder, { recursive: true }));

/** A scenario of its own for the case; the base files, but for what the case changes. */
async function lay(files: ReadonlyMap<string, string>): Promise<string> {
  const own = join(folder, String(count++));
  await mkdir(own);
  await cp(BASE, own, { recursive: true });
  for (const [name, text] of files) await writeFile(join(own, name), text);
  if (files.has('topology.topo')) {
    const scenario = await readFile(join(own, 'scenario.yaml'), 'utf8');
    await writeFile(join(own, 'scenario.yaml'), scenario.replace('topology.yaml', 'topology.topo'));
  }
  return own;
}

test('the files that the cases break are sound', async () => {
  for (const files of [new Map(), new Map([['topology.topo', await readFile(`${BASE}topology.topo`, 'utf8')]])]) {
    planLab(await loadScenario(join(await lay(files), 'scenario.yaml')));
  }
});

for (const markdown of ['scenario.md', 'topology.md', 'topo.md', 'manifests.md']) {
  suite(markdown, () => {
    for (const { name, files, message } of readCases(markdown)) {
      test(name, async () => {
        const own = await lay(files);
        await assert.rejects(loadScenario(join(own, 'scenario.yaml')), (error) => {
          assert.ok(error instanceof InputError, String(error));
          assert.equal(error.message.replaceAll(`${own}/`, ''), message);
          assert.equal(error.exitCode, 2);
          return true;
        });
      });
    }
  });
}
