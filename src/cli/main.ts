/** Entry of the command line: parses, checks what the command needs, runs it, prints what went wrong. */
import { Command as Parser } from 'commander';
import { CilionError, type ExitCode, visibleLines } from '../errors.ts';
import { VERSION } from '../version.ts';
import { ensureBuilt } from './build.ts';
import type { Command, Options } from './command.ts';
import { COMMANDS } from './commands.ts';

export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const parser = new Parser('cilion')
    .description(
      'Builds SCION ASes, BGP and Kubernetes clusters in network namespaces and measures what each transport does when things go wrong.',
    )
    .version(VERSION)
    .showHelpAfterError('(`cilion --help` lists the commands)')
    .exitOverride((error) => {
      // commander has printed its message; a wrong call is bad input.
      throw new Ended(error.exitCode === 0 ? 0 : 2);
    });
  for (const command of COMMANDS) {
    const sub = parser.command(command.name).description(command.summary);
    for (const argument of command.arguments) sub.argument(argument.name, argument.description);
    for (const { flags, description, repeatable, ...option } of command.options) {
      if (repeatable === true) sub.option(flags, description, collect);
      else sub.option(flags, description, option.default);
    }
    sub.action(async (...values: unknown[]) => {
      const args = values.slice(0, command.arguments.length).filter((value) => value !== undefined) as string[];
      exitCode = await runCommand(command, args, sub.opts<Options>());
    });
  }
  try {
    await parser.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof Ended) return error.exitCode;
    return report(error);
  }
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

class Ended extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super('ended');
    this.exitCode = exitCode;
  }
}

async function runCommand(command: Command, args: readonly string[], options: Options): Promise<number> {
  if (command.needsRoot && process.getuid?.() !== 0) {
    throw new CilionError(`\`cilion ${command.name}\` makes network namespaces and BPF programs`, {
      exitCode: 3,
      hint: 'run it as root',
    });
  }
  if (command.needsBuild) await ensureBuilt();
  return command.run(args, options);
}

function report(error: unknown): ExitCode {
  if (error instanceof CilionError) {
    // It may hold what a scenario's command or a broken file said.
    process.stderr.write(`cilion: ${visibleLines(error.message)}\n`);
    if (error.hint !== undefined) process.stderr.write(`  ${visibleLines(error.hint)}\n`);
    return error.exitCode;
  }
  // Not something its user can act on: a fault of this program, shown whole.
  process.stderr.write(`cilion: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 3;
}

process.exitCode = await main(process.argv.slice(2));
