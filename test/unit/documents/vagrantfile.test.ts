import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { COMMANDS } from '../../../src/cli/commands.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const VAGRANTFILE = `${root}testbed/Vagrantfile`;

/** Runs the Vagrantfile with a Vagrant that only writes down what it is told: one JSON value of all calls. */
const RECORDER = `
require 'json'
class Recorder
  def initialize(calls, path) = (@calls, @path = calls, path)
  def method_missing(name, *arguments, **options, &block)
    path = [*@path, name.to_s]
    @calls << { name: path.join('.'), arguments: arguments, options: options } unless arguments.empty? && options.empty?
    block&.call(Recorder.new(@calls, path))
    Recorder.new(@calls, path)
  end
  def respond_to_missing?(*) = true
end
CALLS = []
module Vagrant
  def self.configure(version) = (CALLS << { name: 'version', arguments: [version] }) && yield(Recorder.new(CALLS, []))
end
load ARGV.first
puts JSON.generate(CALLS)
`;

interface Call {
  readonly name: string;
  readonly arguments: readonly unknown[];
  readonly options?: Readonly<Record<string, unknown>>;
}

async function calls(): Promise<Call[]> {
  const { stdout } = await promisify(execFile)('ruby', ['-W', '-e', RECORDER, VAGRANTFILE]);
  return JSON.parse(stdout) as Call[];
}

test('the Vagrantfile is Ruby, and tells Vagrant which machine to make', async () => {
  const recorded = await calls();
  const value = (name: string) => recorded.find((call) => call.name === name)?.arguments[0];
  assert.equal(value('version'), '2');
  assert.match(String(value('vm.box=')), /^debian\//);
  assert.ok(Number(value('vm.provider.memory=')) >= 4096, 'enough memory for the largest shipped scenario');
  assert.ok(Number(value('vm.provider.cpus=')) >= 2);
});

test('what the Vagrantfile shares and runs exists', async () => {
  const recorded = await calls();
  const shared = recorded.filter(({ name }) => name === 'vm.synced_folder').map((call) => call.arguments);
  assert.deepEqual(shared.at(-1), ['..', '/cilion']);
  const script = recorded.map(({ options }) => options?.['inline']).find((inline) => typeof inline === 'string');
  assert.ok(typeof script === 'string');
  const { stderr } = await promisify(execFile)('sh', ['-nc', script]);
  assert.equal(stderr, '');
  for (const [, path = ''] of script.matchAll(/(?:\/cilion|\.)\/((?:testbed|scenarios|cilion)[\w./-]*)/g)) {
    await access(`${root}${path}`, constants.R_OK);
  }
  assert.match(script, /\/cilion\/testbed\/setup\.sh --tests/);
  assert.match(await readFile(`${root}testbed/setup.sh`, 'utf8'), /--tests\)/);
  const names = new Set(COMMANDS.map(({ name }) => name));
  const commands = [...script.matchAll(/\.\/cilion (\w+) (\S+)/g)];
  assert.ok(commands.length > 0);
  for (const [, name = '', file = ''] of commands) {
    assert.ok(names.has(name), name);
    await access(`${root}${file}`, constants.R_OK);
  }
});
