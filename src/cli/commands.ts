/** The table of commands. */
import { apply } from './apply.ts';
import { bench } from './bench.ts';
import { capture } from './capture.ts';
import type { Command } from './command.ts';
import { compare } from './compare.ts';
import { doctor } from './doctor.ts';
import { drops } from './drops.ts';
import { destroy, ls } from './labs.ts';
import { paths } from './paths.ts';
import { plan } from './plan.ts';
import { report } from './report.ts';
import { router } from './router.ts';
import { run } from './run.ts';
import { shell } from './shell.ts';
import { test } from './test.ts';
import { top } from './top.ts';
import { topology } from './topology.ts';
import { up } from './up.ts';

export const COMMANDS: readonly Command[] = [
  run,
  report,
  plan,
  topology,
  up,
  shell,
  capture,
  top,
  paths,
  drops,
  apply,
  ls,
  destroy,
  doctor,
  router,
  bench,
  compare,
  test,
];
