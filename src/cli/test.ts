/** `cilion test`: formatter, linter, types and the test tiers; ends with the line `N passed, N failed`. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run as runTests } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CilionError, type ExitCode, LabError } from '../errors.ts';
import { run } from '../process/process.ts';
import type { Command } from './command.ts';
import { TIERS, type Tier } from './test-tiers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'node_modules/.bin');
/** No single test file may hang the run. */
const FILE_TIMEOUT_MS = 10 * 60 * 1000;

interface Tally {
  passed: number;
  skipped: number;
  /** What each failed check or test printed: told again at the end, which is what a truncated log keeps. */
  readonly failures: string[];
}

interface Check {
  readonly name: string;
  readonly argv: readonly string[];
}

const CHECKS = 'checks';
const ON_REQUEST = TIERS.filter(({ onRequest }) => onRequest === true).map(({ name }) => name);

export const test: Command = {
  name: 'test',
  summary: 'run the checks and tests of this project',
  arguments: [
    {
      name: '[tier...]',
      description: `${[CHECKS, ...TIERS.map((tier) => tier.name)].join(', ')}; without a name, all but ${ON_REQUEST.join(', ')}`,
    },
  ],
  options: [
    {
      flags: '--kind',
      description: `with ${ON_REQUEST.join(' and ')} too, on real Kubernetes, which is built at first use`,
    },
  ],
  needsRoot: true,
  needsBuild: true,
  async run(args, options): Promise<ExitCode> {
    const wanted = args.flat();
    const known = [CHECKS, ...TIERS.map((tier) => tier.name)];
    for (const name of wanted) {
      if (!known.includes(name))
        throw new CilionError(`there is no test tier "${name}"`, { exitCode: 2, hint: `tiers: ${known.join(', ')}` });
    }
    const chosen = (name: string, onRequest = false): boolean => {
      if (onRequest && options['kind'] === true) return true;
      return wanted.length === 0 ? !onRequest : wanted.includes(name);
    };
    const tally: Tally = { passed: 0, skipped: 0, failures: [] };
    if (chosen(CHECKS)) for (const check of checks()) await runCheck(check, tally);
    for (const tier of TIERS) if (chosen(tier.name, tier.onRequest)) await runTier(tier, tally);
    const skipped = tally.skipped === 0 ? '' : `, ${tally.skipped} skipped`;
    const failed = tally.failures.length;
    if (failed > 0) process.stdout.write(`\nfailed:\n${tally.failures.join('')}\n`);
    process.stdout.write(`${tally.passed} passed, ${failed} failed${skipped}\n`);
    return failed === 0 && tally.passed > 0 ? 0 : 1;
  },
};

function checks(): Check[] {
  const sources = globSync(['bpf/*.[ch]', 'native/*.{cc,h}', 'test/lab/fixtures/*.c'], { cwd: ROOT });
  return [
    { name: 'types (tsc)', argv: [join(BIN, 'tsc'), '--noEmit'] },
    { name: 'lint and format (biome)', argv: [join(BIN, 'biome'), 'ci', '--colors=off', '.'] },
    { name: 'format of C and C++ (clang-format)', argv: ['clang-format-19', '--dry-run', '-Werror', ...sources] },
  ];
}

async function runCheck(check: Check, tally: Tally): Promise<void> {
  const since = performance.now();
  try {
    await run(check.argv, { cwd: ROOT });
    tally.passed += 1;
    process.stdout.write(`✓ ${check.name} ${took(performance.now() - since)}\n`);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    fail(tally, check.name, performance.now() - since, error.message);
  }
}

/** One line a test, under the line of its tier; a failed one with its error. */
async function runTier(tier: Tier, tally: Tally): Promise<void> {
  const files = globSync([...tier.files], { cwd: ROOT })
    .sort()
    .map((file) => join(ROOT, file));
  if (files.length === 0) throw new LabError(`test tier ${tier.name} has no files`);
  process.stdout.write(`\n${tier.name}: ${tier.about}\n`);
  const stream = runTests({ files, concurrency: tier.concurrency, timeout: FILE_TIMEOUT_MS, cwd: ROOT });
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    if (event.skip !== undefined && event.skip !== false) {
      tally.skipped += 1;
      process.stdout.write(`- ${event.name} (skipped: ${event.skip})\n`);
      return;
    }
    tally.passed += 1;
    process.stdout.write(`✓ ${event.name} ${took(event.details.duration_ms)}\n`);
  });
  stream.on('test:fail', (event) => {
    // A suite fails when one of its tests does, and that one is reported.
    if (event.details.type === 'suite') return;
    const cause = event.details.error.cause;
    const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? event.details.error);
    fail(tally, event.name, event.details.duration_ms, `${event.file ?? ''}:${event.line ?? ''}\n${detail}`);
  });
  stream.on('test:stderr', (event) => process.stderr.write(event.message));
  stream.resume();
  await new Promise<void>((resolve, reject) => {
    stream.once('end', resolve);
    stream.once('error', reject);
  });
}

function fail(tally: Tally, name: string, ms: number, detail: string): void {
  const text = `✗ ${name} ${took(ms)}\n${indent(detail)}\n`;
  tally.failures.push(text);
  process.stdout.write(text);
}

function took(ms: number): string {
  return ms < 1000 ? `(${Math.round(ms)} ms)` : `(${(ms / 1000).toFixed(1)} s)`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
