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
  /** Objects that have to be there; others may be. Default none. */
  readonly names?: readonly string[];
  /** Condition that has to be true of every object. Default none. */
  readonly condition?: string;
  /** For people: whose objects they are. */
  readonly what: string;
}

/**
 * Resolves when all of the named objects are there, and the condition is true of all that there are.
 * @throws LabError that names those that are missing or of which it is not
 */
export async function untilAll(
  client: ApiClient,
  { path, names = [], condition, what }: Awaited,
  signal: AbortSignal,
): Promise<void> {
  const lacking = () => {
    const found = new Map(objects.objects.map((object) => [object.metadata.name, object]));
    return [...new Set([...names, ...found.keys()])].filter((name) => !isAsWanted(found.get(name), condition));
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  const objects: Collection<Conditioned> = new Collection(client, { path }, () => {
    if (lacking().length === 0) resolve();
  });
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]);
  const aborted = Promise.withResolvers<never>();
  // Also when nobody awaits it any more.
  aborted.promise.catch(() => {});
  timeout.addEventListener('abort', () => {
    const late = `${what}: ${lacking().join(', ')} not ${condition ?? 'there'} after ${READY_MS / 1000} s`;
    aborted.reject(signal.aborted ? signal.reason : new LabError(late));
  });
  try {
    await objects.start();
    await Promise.race([promise, aborted.promise]);
  } finally {
    objects.stop();
  }
}

function isAsWanted(object: Conditioned | undefined, condition: string | undefined): boolean {
  if (condition === undefined) return object !== undefined;
  return object?.status?.conditions?.some(({ type, status }) => type === condition && status === 'True') === true;
}
