/** Texts that are no YAML, or more YAML than these files are written in: each with its whole message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTopology } from '../../src/topology/load.ts';
import { problemsOf } from './input/problems-of.ts';

const text = async (yaml: string) => (await problemsOf(() => parseTopology('t.yaml', yaml))).join('\n');

test('a control character by an escape, in a value and in a name', async () => {
  const message = 'there is a control character in this text (U+001B) (expected text that can be printed)';
  assert.equal(await text('name: "\\e[2J"\nases: {}\nlinks: []\n'), `t.yaml:1:7: ${message}`);
  assert.equal(await text('name: t\n"\\e[2J": {}\n'), `t.yaml:2:1: ${message}`);
});

test('broken syntax, at its place', async () => {
  assert.equal(await text('name: t\n\tases: {}\n'), 't.yaml:2:1: tabs are not allowed as indentation');
  assert.equal(await text('links:\n  - {a: x}\n\t- {a: y}\n'), 't.yaml:3:1: tabs are not allowed as indentation');
  assert.equal(await text('name: "t\n'), 't.yaml:2:1: missing closing "quote');
  assert.equal(await text('name: !secret t\n'), 't.yaml:1:7: unresolved tag: !secret');
});

test('what YAML has and these files do not', async () => {
  assert.equal(await text('%YAML 1.1\n---\nname: t\n'), 't.yaml:3:1: this document is in YAML 1.1 (expected YAML 1.2)');
  const expected = '(expected a value without a tag)';
  assert.equal(await text('name: !!binary aGk=\n'), `t.yaml:1:16: nothing here is of the type !!binary ${expected}`);
  assert.equal(await text('name: !!set {t}\n'), `t.yaml:1:13: nothing here is of the type !!set ${expected}`);
});

test('a map or a list in the place of a name is refused without a warning', async (context) => {
  const { mock } = context.mock.method(process, 'emitWarning');
  const message = 'a map or a list stands in the place of a name (expected text; a template has to be filled in first)';
  assert.equal(await text('name: {{ name }}\n'), `t.yaml:1:8: ${message}`);
  assert.equal(await text('? [name, title]\n: t\n'), `t.yaml:1:3: ${message}`);
  assert.equal(mock.callCount(), 0);
});

test('a text that is longer than any has to be', async () => {
  const long = 'n'.repeat(4097);
  const message = 'this text has 4097 characters (expected at most 4096)';
  assert.equal(await text(`name: ${long}\n`), `t.yaml:1:7: ${message}`);
  assert.equal(await text(`ases:\n  ? ${long}\n  : {}\n`), `t.yaml:2:5: ${message}`);
});

test('two documents where one is expected', async () => {
  const message = 't.yaml:3:1: a second document begins here (expected one document a file)';
  assert.equal(await text('name: t\n---\nname: u\n'), message);
});

test('one key twice, and the line where it stood first', async () => {
  assert.equal(await text('name: t\nases: {}\nname: u\n'), 't.yaml:3:1: "name" stands there twice, first in line 1');
});

test('an alias without anchor, and one inside of what it stands for', async () => {
  assert.equal(await text('name: *x\n'), 't.yaml:1:7: *x stands for nothing (expected &x at an earlier place)');
  assert.equal(await text('ases: &x {y: *x}\n'), 't.yaml:1:14: *x stands for something that it is a part of');
});

test('a key that the schema library would pass over', async () => {
  const message = 't.yaml:2:8: there is no field "__proto__"';
  assert.equal(await text('name: t\nases: {__proto__: {core: true}}\nlinks: []\n'), message);
});
