/** Texts made to hurt, and more of everything than anybody needs: refused with one message, and in time. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InputError } from '../../src/errors.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { parseTopology } from '../../src/topology/load.ts';
import { BASE } from '../fixtures/bad-input/read-cases.ts';
import { problemsOf } from './input/problems-of.ts';

const folder = mkdtempSync(join(tmpdir(), 'cilion-bad-sizes-'));
after(() => rmSync(folder, { recursive: true }));

const text = async (yaml: string) => (await problemsOf(() => parseTopology('t.yaml', yaml))).join('\n');

/** What takes a few seconds of a CPU, whatever else runs on it; without a bound, minutes. */
async function inTime<T>(what: string, body: () => T | Promise<T>): Promise<T> {
  const begin = process.cpuUsage();
  const result = await body();
  const { user, system } = process.cpuUsage(begin);
  const seconds = (user + system) / 1e6;
  assert.ok(seconds < 60, `${what}: ${seconds} s`);
  return result;
}

/** Problems of the base scenario after a change of its files. */
async function changed(changes: Readonly<Record<string, (text: string) => string>>): Promise<string> {
  const own = mkdtempSync(join(folder, 'changed-'));
  for (const file of readdirSync(BASE)) {
    const before = readFileSync(join(BASE, file), 'utf8');
    writeFileSync(join(own, file), changes[file]?.(before) ?? before);
  }
  const lines = await inTime('a scenario', () => problemsOf(() => loadScenario(join(own, 'scenario.yaml'))));
  return lines.join('\n').replaceAll(`${own}/`, '');
}

/** A topology of `ases` ASes below one core AS, with further links. */
function large(ases: number, links: readonly string[]): string {
  const ia = (n: number) => `1-1:0:${n.toString(16)}`;
  const numbers = Array.from({ length: ases }, (_, n) => n);
  const below = numbers.map((n) => `  - {a: 1-1, b: ${ia(n)}, type: child}`);
  return [
    'name: t',
    'ases:',
    '  1-1: {core: true}',
    ...numbers.map((n) => `  ${ia(n)}: {}`),
    'links:',
    ...below,
    ...links,
  ].join('\n');
}

test('a billion laughs', async () => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`);
  const bomb = await text(`l0: &l0 [ha]\n${levels.join('\n')}\n`);
  assert.equal(bomb, 't.yaml: cannot be read as YAML: its aliases expand to too much');
});

test('a hundred aliases and one more', async () => {
  const message = 't.yaml:2:409: there are too many aliases (expected at most 100)';
  assert.equal(await text(`name: &a x\nlinks: [${Array(101).fill('*a').join(', ')}]\n`), message);
});

test('brackets in brackets in brackets', async () => {
  assert.equal(await text('['.repeat(100_000)), 't.yaml: cannot be read as YAML: it is nested too deeply');
});

test('a list and a map with more entries than anybody needs', async () => {
  const entries = Array.from({ length: 20_001 }, (_, n) => `k${n}`).join(', ');
  const message = 'there are 20001 entries here (expected at most 20000)';
  assert.equal(await text(`name: t\nlinks: [${entries}]\n`), `t.yaml:2:8: ${message}`);
  assert.equal(await text(`name: t\nases: {${entries}}\n`), `t.yaml:2:7: ${message}`);
});

test('a file with more faults than anybody reads says how many there are', async () => {
  const lines = Array.from({ length: 150 }, (_, n) => `field-${n}: x`);
  await assert.rejects(
    async () => parseTopology('t.yaml', `name: t\nases: {}\nlinks: []\n${lines.join('\n')}\n`),
    (error) => error instanceof InputError && /\n… and 50 more$/.test(error.message) && error.problems.length === 150,
  );
});

test('the largest file that is read at all is refused within seconds, whatever is in it', async () => {
  const size = 1024 * 1024;
  const filled = (line: (n: number) => string) => {
    const lines: string[] = [];
    for (let length = 0, n = 0; length < size; n++) length += lines[lines.push(line(n)) - 1]!.length + 1;
    return lines.slice(0, -1).join('\n');
  };
  for (const line of [(n: number) => `k${n}: x`, (n: number) => `- &a${n} x`, (n: number) => `- *a${n}`]) {
    const file = filled(line);
    await inTime(line(1), () => problemsOf(() => parseTopology('t.yaml', file)));
  }
});

test('more ASes than there are addresses', async () => {
  const count = 4096;
  const ia = (n: number) => `1-1:0:${n.toString(16)}`;
  const numbers = Array.from({ length: count }, (_, n) => n);
  const ases = numbers.map((n) => `  ${ia(n)}: {${n === 0 ? 'core: true' : ''}}`);
  const links = numbers.slice(1).map((n) => `  - {a: ${ia(0)}, b: ${ia(n)}, type: child}`);
  const message = 't.yaml:3:3: ases: there are 4096 ASes (expected at most 4095)';
  assert.equal(await text(['name: t', 'ases:', ...ases, 'links:', ...links].join('\n')), message);
});

test('as many ASes as there are addresses load; all of them in a circle, or with links to nowhere, are refused in time', async () => {
  const numbers = Array.from({ length: 4094 }, (_, n) => n);
  const hex = (n: number) => (n % 4094).toString(16);
  assert.equal((await inTime('many ASes', () => parseTopology('t.yaml', large(4094, [])))).topology.ases.length, 4095);
  const circle = numbers.map((n) => `  - {a: 1-1:0:${hex(n)}, b: 1-1:0:${hex(n + 1)}, type: child}`);
  const first = 't.yaml:8193:5: links[4094]: 1-1:0:0 is a provider of itself through 1-1:0:1 (expected no circle)';
  assert.equal(
    (await inTime('a circle', () => problemsOf(() => parseTopology('t.yaml', large(4094, circle)))))[0],
    first,
  );
  const dangling = numbers.map((n) => `  - {a: 1-1, b: 1-2:0:${hex(n)}, type: child}`);
  const nowhere = 't.yaml:8193:17: links[4094].b: no AS 1-2:0:0 is defined (did you mean "1-1:0:0"?)';
  assert.equal(
    (await inTime('nowhere', () => problemsOf(() => parseTopology('t.yaml', large(4094, dangling)))))[0],
    nowhere,
  );
});

test('a thousand links of one AS get their numbers in time', async () => {
  const more = Array.from({ length: 15_000 }, () => '  - {a: 1-1, b: 1-1:0:0, type: child}');
  const { topology } = await inTime('links', () => parseTopology('t.yaml', large(1, more)));
  assert.equal(topology.links.at(-1)?.id, '1-1#15001--1-1:0:0#15001');
});

test('more nodes than the prefix of the AS has room for', async () => {
  const links = Array.from(
    { length: 15 },
    (_, n) => `  - {a: 1-ff00:0:110#${n + 10}, b: 1-ff00:0:112#${n + 10}, type: child}\n`,
  );
  const message = "clusters[1].nodes: 15 nodes are too many for the AS's prefix 10.9.16.0/20 (expected at most 14)";
  const lines = await changed({
    'topology.yaml': (before) => `${before.replace('right}', 'right, prefix: 10.9.16.0/20}')}${links.join('')}`,
    'scenario.yaml': (before) => before.replace('nodes: 2', 'nodes: 15'),
  });
  assert.equal(lines, `scenario.yaml:8:40: ${message}`);
});

test('a scenario with more of anything than a run has room for', async () => {
  const many = (count: number, line: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => line(n)).join('');
  const behind = (list: string, lines: string) => (scenario: string) =>
    scenario.replace(`\n${list}:\n`, `\n${list}:\n${lines}`);
  const cases = {
    '7:3: clusters: has 67 entries (expected at most 64 entries)': behind(
      'clusters',
      many(65, (n) => `  - {name: c${n}, as: left}\n`),
    ),
    '11:3: workloads: has 10002 entries (expected at most 256 entries)': behind(
      'workloads',
      many(10_000, (n) => `  - {name: w${n}, kind: udp, from: a/client, to: b/web-1}\n`),
    ),
    '14:3: timeline: has 10005 entries (expected at most 1000 entries)': behind(
      'timeline',
      many(10_000, (n) => `  - {at: ${n}ns, event: link.${n % 2 === 0 ? 'cut' : 'restore'}, link: '1-ff00:0:110#1'}\n`),
    ),
    '20:3: captures: has 10001 entries (expected at most 1000 entries)': behind(
      'captures',
      many(10_000, () => `  - {link: '1-ff00:0:110#1'}\n`),
    ),
    '22:3: assertions: has 8003 entries (expected at most 1000 entries)': behind(
      'assertions',
      many(8000, (n) => `  - {name: n${n}, transport: ip, metric: udp.lost, equals: 0}\n`),
    ),
    '7:44: clusters[0].manifests: has 10001 entries (expected at most 64 entries)': (scenario: string) =>
      scenario.replace('[pods.yaml]', `[${many(10_000, (n) => `p${n}.yaml, `)}pods.yaml]`),
    '6:15: observe.as: has 10001 entries (expected at most 1000 entries)': (scenario: string) =>
      scenario.replace('\nclusters:', `\nobserve: {as: [${many(10_000, () => 'core, ')}core]}\nclusters:`),
  };
  for (const [message, change] of Object.entries(cases)) {
    assert.equal(await changed({ 'scenario.yaml': change }), `scenario.yaml:${message}`);
  }
});

test('a short manifest that asks for more pods than there is memory for is refused before they are made', async () => {
  const deployment = (n: number) => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: p${n}}
spec: {replicas: 200, selector: {matchLabels: {a: x}}, template: {metadata: {labels: {a: x}}, spec: {containers: [{name: c, image: i}]}}}
`;
  const many = (pods: string) => pods + Array.from({ length: 1000 }, (_, n) => deployment(n)).join('');
  const expected = '(expected fewer pods, or more nodes)';
  const message = (line: number, pods: number, room: number) =>
    `pods.yaml:${line}:1: here the cluster comes to ${pods} pods, and its nodes have addresses for ${room} ${expected}`;
  assert.equal(await changed({ 'pods.yaml': many }), `${message(26, 403, 250)}\n${message(31, 603, 500)}`);
});
