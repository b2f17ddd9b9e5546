/** A command as data: the parser, the help text and the documents all read the same table (commands.ts). */
export interface OptionSpec {
  /** As commander takes it: `--transport <name>`. */
  readonly flags: string;
  readonly description: string;
  readonly default?: string;
  /** May be given several times: its value is the list of them. */
  readonly repeatable?: boolean;
}

export interface ArgumentSpec {
  /** `<lab>` is required, `[lab]` optional. */
  readonly name: string;
  readonly description: string;
}

export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** Makes or enters namespaces and BPF objects. */
  readonly needsRoot: boolean;
  /** Uses the addon or BPF objects, which are built first where they are stale. */
  readonly needsBuild: boolean;
  /** Resolves with an ExitCode, or with that of a program which the command only hands on to (`shell`). */
  run(args: readonly string[], options: Options): Promise<number>;
}
