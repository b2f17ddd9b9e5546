/** Waits for objects of an API server. */
import { LabError } from '../../errors.ts';
import type { ApiClient } from '../api/client.ts';
import { type ApiObject, Collection } from '../api/collection.ts';

/** Far beyond what it takes on a machine that does much else. */
const READY_MS = 300_000;

interface Conditioned extends ApiObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null };
}

export interface Awaited {
  /** Of the collection: `/api/v1/nodes`. */
  readonly path: string;
  /** Condition that has to be true of every object. */
  readonly condition: string;
  /** For people: whose objects they are. */
  readonly what: string;
}

/** Resolves when the condition is true of all objects that there are. @throws LabError that names those of which it is not */
export async function untilAll(
  client: ApiClient,
  { path, condition, what }: Awaited,
  signal: AbortSignal,
): Promise<void> {
  const lacking = () =>
    objects.objects.filter(({ status }) => !holds(status, condition)).map(({ metadata }) => metadata.name);
  const { promise, resolve } = Promise.withResolvers<void>();
  const objects: Collection<Conditioned> = new Collection(client, { path }, () => {
    if (lacking().length === 0) resolve();
  });
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]);
  const aborted = Promise.withResolvers<never>();
  // Also when nobody awaits it any more.
  aborted.promise.catch(() => {});
  timeout.addEventListener('abort', () => {
    const late = `${what}: ${lacking().join(', ')} not ${condition} after ${READY_MS / 1000} s`;
    aborted.reject(signal.aborted ? signal.reason : new LabError(late));
  });
  try {
    await objects.start();
    await Promise.race([promise, aborted.promise]);
  } finally {
    objects.stop();
  }
}

function holds(status: Conditioned['status'], condition: string): boolean {
  return status?.conditions?.some(({ type, status }) => type === condition && status === 'True') === true;
}
