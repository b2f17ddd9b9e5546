/** Waiting for an answer, with an end to it. */

/**
 * The answer, or the error once so many seconds have passed in which this process could have seen it. Time in which it
 * stood still itself does not count: its timers run before it reads what came meanwhile.
 */
export async function patiently<T>(answer: Promise<T>, seconds: number, late: () => Error): Promise<T> {
  const { promise: never, reject } = Promise.withResolvers<never>();
  let waited = 0;
  const clock = setInterval(() => {
    waited += 1;
    if (waited === seconds) reject(late());
  }, 1000);
  try {
    return await Promise.race([answer, never]);
  } finally {
    clearInterval(clock);
  }
}
