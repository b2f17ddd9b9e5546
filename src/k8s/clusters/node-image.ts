/** What kind makes nodes from, built at first use (testbed/kind/build-node-image.sh): minutes once, then milliseconds. */
import { fileURLToPath } from 'node:url';
import { LabError } from '../../errors.ts';
import { run } from '../../process/process.ts';

const BUILD = fileURLToPath(new URL('../../../testbed/kind/build-node-image.sh', import.meta.url));

export interface NodeImage {
  /** Folder of `kind` and `kubectl`. */
  readonly programs: string;
  /** For `docker load`. */
  readonly archive: string;
  readonly name: string;
}

/** @throws LabError with the end of the build's output */
export async function nodeImage(signal: AbortSignal): Promise<NodeImage> {
  const [programs, archive, name] = (await run([BUILD], { signal })).stdout.trim().split('\n');
  if (programs === undefined || archive === undefined || name === undefined)
    throw new LabError(`${BUILD} names no image`);
  return { programs, archive, name };
}
