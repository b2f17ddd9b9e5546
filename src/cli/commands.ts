/** The table of commands. */
import type { Command } from './command.ts';
import { destroy, ls } from './labs.ts';
import { paths } from './paths.ts';
import { plan } from './plan.ts';
import { report } from './report.ts';
import { run } from './run.ts';
import { test } from './test.ts';

export const COMMANDS: readonly Command[] = [run, report, plan, paths, ls, destroy, test];
