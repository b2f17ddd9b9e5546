import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { labsIn, succeed, upIn } from './lab-machine.ts';
import { Machine } from './machine.ts';
import type { MachinePhoto } from './machine-photo.ts';

let machine: Machine;
let bare: MachinePhoto;

before(async () => {
  machine = await Machine.start();
  bare = await machine.photograph();
});

// What a failed test left would be in the way of all that follow.
afterEach(async () => {
  if (existsSync(join(machine.disk, 'run/cilion'))) await machine.cilion('destroy', '--all', '--force');
});

after(() => machine.end());

const DAMAGE: Readonly<Record<string, (journal: string) => string>> = {
  'without its last line’s end': (journal) => journal.slice(0, -20),
  'that is empty': () => '',
  'that is no JSON': (journal) => journal.replaceAll('{', '<'),
  'that names what is not the lab’s': () => '{"kind":"bpffs","path":"/"}\n{"kind":"namespace","name":"../../etc"}\n',
};

for (const [how, damage] of Object.entries(DAMAGE)) {
  test(`with a journal ${how}, destroy undoes what it can and names the rest, which --force undoes`, async () => {
    await upIn(machine, 'one');
    const file = join(machine.disk, 'run/cilion/one/journal.ndjson');
    const journal = readFileSync(file, 'utf8');
    writeFileSync(file, damage(journal));
    const { code, stderr } = await machine.cilion('destroy', 'one');
    assert.equal(code, 3, stderr);
    assert.match(
      stderr,
      /lab one is damaged: .*journal[^\n]*\n {0,2}left, as nothing says that they are its: .*cil-one-/,
    );
    assert.match(stderr, /cilion destroy one --force/);
    const rest = (await machine.run(['ip', 'netns', 'list'])).stdout.trim().split('\n');
    const named = damage(journal)
      .split('\n')
      .slice(0, -1)
      .filter((line) => /^\{.*"name":"cil-one-/.test(line));
    assert.equal(rest.length, journal.split('"namespace"').length - 1 - named.length);
    assert.equal((await labsIn(machine))[0]?.id, 'one');
    await succeed(machine, 'destroy', 'one', '--force');
    await machine.assertUnchanged(bare, how);
  });
}

test('a lab without its owner file or with a damaged one is left over, and can be taken down', async () => {
  await upIn(machine, 'one');
  writeFileSync(join(machine.disk, 'run/cilion/one/owner.json'), '{"pid":');
  assert.equal((await labsIn(machine))[0]?.state, 'left over');
  await succeed(machine, 'destroy', 'one');
  await machine.assertUnchanged(bare, 'owner file');
});
