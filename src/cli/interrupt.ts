/** Ctrl-C and SIGTERM end a command in order: what it began is undone before it ends. */
import { LabError } from '../errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `body` with a signal that the first Ctrl-C aborts; a second one changes nothing: the way back is short. */
export async function interruptible<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) process.stderr.write(`\ncilion: ${name}, taking everything down\n`);
    controller.abort(new LabError(`ended by ${name}`));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await body(controller.signal);
  } catch (error) {
    // What was waiting throws errors of its own kind when it is aborted.
    if (controller.signal.aborted) throw controller.signal.reason;
    throw error;
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}

/** For a command that goes on until somebody ends it: `signal` is aborted by the first Ctrl-C, and that is no failure. */
export async function untilInterrupted<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => controller.abort();
  for (const name of SIGNALS) process.on(name, onSignal);
  try {
    return await body(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}
