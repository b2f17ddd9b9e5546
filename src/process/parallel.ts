/** Runs `body` over all items, a few at a time; the first failure is thrown once all that began have ended. */
export async function inParallel<T>(items: Iterable<T>, body: (item: T) => Promise<void>, width = 8): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined && failures.length === 0; item = queue.shift()) {
      await body(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  if (failures.length > 0) throw failures[0];
}
