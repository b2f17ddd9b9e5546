/**
 * One file that a command makes from others, made again only when it is stale. Beside the output stands a stamp: the
 * inputs as the compiler listed them, and a hash of the command and of the inputs' contents, so that neither a checkout
 * nor a clock can deceive it. Outputs appear whole, by rename: several processes may build at once.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LabError } from '../errors.ts';

export interface Target {
  readonly output: string;
  /** Files it is made from; those that the compiler finds itself it adds through the dependency file. */
  readonly inputs: readonly string[];
  /** Run in order; they leave the result at `output` and, where a compiler does, its inputs (make's syntax) at `dependencies`. */
  readonly commands: (output: string, dependencies: string) => readonly (readonly string[])[];
  /** Decides staleness besides inputs and commands. */
  readonly version?: string;
  /** The result is what the command prints. */
  readonly outputIsStdout?: boolean;
}

interface Stamp {
  readonly inputs: readonly string[];
  readonly hash: string;
}

/**
 * Makes the target if it is stale or `force` is set.
 * @returns whether it was made
 * @throws LabError with the command's output when it fails
 */
export async function makeTarget(target: Target, force: boolean): Promise<boolean> {
  if (!force && isFresh(target)) return false;
  mkdirSync(path.dirname(target.output), { recursive: true });
  const begun = Date.now();
  const made = `${target.output}.${randomUUID()}.tmp`;
  const dependencies = `${made}.d`;
  try {
    for (const command of target.commands(made, dependencies)) {
      const stdout = await runCompiler(command);
      if (target.outputIsStdout) writeFileSync(made, stdout);
    }
    const inputs = [...new Set([...target.inputs, ...listedInputs(dependencies)])].sort();
    rmSync(stampPath(target), { force: true });
    renameSync(made, target.output);
    // Edited while it was being compiled: no stamp, so the next build makes it again.
    if (inputs.every((input) => statSync(input).mtimeMs < begun)) {
      writeFileSync(stampPath(target), JSON.stringify({ inputs, hash: hashOf(target, inputs) } satisfies Stamp));
    }
  } finally {
    rmSync(made, { force: true });
    rmSync(dependencies, { force: true });
  }
  return true;
}

function isFresh(target: Target): boolean {
  if (!existsSync(target.output) || !existsSync(stampPath(target))) return false;
  const stamp = JSON.parse(readFileSync(stampPath(target), 'utf8')) as Stamp;
  return stamp.inputs.every((input) => existsSync(input)) && stamp.hash === hashOf(target, stamp.inputs);
}

function stampPath(target: Target): string {
  return `${target.output}.stamp`;
}

function hashOf(target: Target, inputs: readonly string[]): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([target.version ?? '', target.commands('output', 'dependencies'), inputs]));
  for (const input of inputs) hash.update(contentHash(input));
  return hash.digest('hex');
}

/** By path and times: vmlinux.h is 3 MB and goes into every BPF object. */
const contentHashes = new Map<string, string>();

function contentHash(file: string): string {
  const { mtimeNs, ctimeNs, size } = statSync(file, { bigint: true });
  const key = `${file} ${mtimeNs} ${ctimeNs} ${size}`;
  const known = contentHashes.get(key);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
  contentHashes.set(key, hash);
  return hash;
}

/** The files that a compiler's `-MMD` output names. Paths with spaces come as `\ `. */
function listedInputs(dependencies: string): string[] {
  if (!existsSync(dependencies)) return [];
  const rule = readFileSync(dependencies, 'utf8').replaceAll('\\\n', ' ');
  const files = rule.slice(rule.indexOf(': ') + 2).match(/(?:\\ |\S)+/g) ?? [];
  return files.map((file) => path.resolve(file.replaceAll('\\ ', ' ')));
}

async function runCompiler(command: readonly string[]): Promise<string> {
  const [program = '', ...args] = command;
  // Loaded here, since most builds find nothing to do and then should cost nothing.
  const { execa } = await import('execa');
  const result = await execa(program, args, { reject: false });
  if (!result.failed) return result.stdout;
  const missing = result.code === 'ENOENT';
  throw new LabError(
    missing ? `${program} is not installed` : `${command.join(' ')}: exit code ${result.exitCode}\n${result.stderr}`,
    missing ? { hint: './cilion installs what the machine lacks' } : {},
  );
}
