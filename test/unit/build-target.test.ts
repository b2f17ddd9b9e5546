import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { makeTarget, type Target } from '../../src/dataplane/build-target.ts';
import { LabError } from '../../src/errors.ts';

let folder: string;
let target: Target;

let writes = 0;

/** Files of about a minute ago, no two of one date: what is as young as the build itself counts as edited during it. */
function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  writes += 1;
  const then = new Date(Date.now() - 60_000 + writes * 10);
  utimesSync(file, then, then);
  return file;
}

function compileTarget(flags: readonly string[] = []): Target {
  const source = path.join(folder, 'x.c');
  return {
    output: path.join(folder, 'out/x.o'),
    inputs: [source],
    commands: (output, dependencies) => [
      ['clang-19', ...flags, '-MMD', '-MF', dependencies, '-c', source, '-o', output],
    ],
  };
}

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cilion target '));
  write('x.h', '#define VALUE 1\n');
  write('x.c', '#include "x.h"\nint value = VALUE;\n');
  target = compileTarget();
});

afterEach(() => rmSync(folder, { recursive: true }));

test('a target is made once, and again only when it is forced', async () => {
  assert.equal(await makeTarget(target, false), true);
  assert.deepEqual(readdirSync(path.join(folder, 'out')).sort(), ['x.o', 'x.o.stamp']);
  assert.equal(await makeTarget(target, false), false);
  assert.equal(await makeTarget(target, true), true);
});

test('a header that only the compiler knows of makes the target stale, a mere new date does not', async () => {
  await makeTarget(target, false);
  write('x.h', '#define VALUE 1\n');
  assert.equal(await makeTarget(target, false), false);
  write('x.h', '#define VALUE 2\n');
  assert.equal(await makeTarget(target, false), true);
  rmSync(path.join(folder, 'x.h'));
  await assert.rejects(makeTarget(target, false), LabError);
});

test('another command, another version or a lost output make the target stale', async () => {
  await makeTarget(target, false);
  assert.equal(await makeTarget(compileTarget(['-O1']), false), true);
  assert.equal(await makeTarget({ ...compileTarget(['-O1']), version: '2' }, false), true);
  rmSync(target.output);
  assert.equal(await makeTarget({ ...compileTarget(['-O1']), version: '2' }, false), true);
});

test('a file edited while it is compiled is compiled again the next time', async () => {
  const source = path.join(folder, 'x.c');
  const editing: Target = {
    ...target,
    commands: (output, dependencies) => [...target.commands(output, dependencies), ['touch', source]],
  };
  assert.equal(await makeTarget(editing, false), true);
  assert.equal(await makeTarget(editing, false), true);
});

test("a compiler's failure ends with exit code 3 and its message, and the last good output stays", async () => {
  await makeTarget(target, false);
  const good = readFileSync(target.output);
  write('x.c', 'int value = nonsense;\n');
  await assert.rejects(makeTarget(target, false), (error) => {
    assert.ok(error instanceof LabError);
    assert.equal(error.exitCode, 3);
    assert.match(error.message, /x\.c:1:13: error: use of undeclared identifier 'nonsense'/);
    return true;
  });
  assert.deepEqual(readFileSync(target.output), good);
  assert.deepEqual(readdirSync(path.join(folder, 'out')).sort(), ['x.o', 'x.o.stamp']);
});

test('a compiler that is not there is named, with what to do', async () => {
  const absent: Target = { output: path.join(folder, 'y'), inputs: [], commands: () => [['no-such-compiler']] };
  await assert.rejects(makeTarget(absent, false), { message: 'no-such-compiler is not installed', exitCode: 3 });
  assert.equal(existsSync(absent.output), false);
});

test('what a command prints can be the output', async () => {
  const printed: Target = {
    output: path.join(folder, 'y'),
    inputs: [],
    commands: () => [['printf', 'a\\nb\\n']],
    outputIsStdout: true,
  };
  await makeTarget(printed, false);
  assert.equal(readFileSync(printed.output, 'utf8').trimEnd(), 'a\nb');
});
