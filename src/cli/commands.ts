/** The table of commands. */
import { capture } from './capture.ts';
import type { Command } from './command.ts';
import { drops } from './drops.ts';
import { destroy, ls } from './labs.ts';
import { paths } from './paths.ts';
import { plan } from './plan.ts';
import { report } from './report.ts';
import { run } from './run.ts';
import { shell } from './shell.ts';
import { test } from './test.ts';
import { up } from './up.ts';

export const COMMANDS: readonly Command[] = [run, report, plan, up, shell, capture, paths, drops, ls, destroy, test];
