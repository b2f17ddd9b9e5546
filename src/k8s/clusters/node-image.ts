/**
 * What kind makes nodes from, built at first use (testbed/kind/build-node-image.sh): minutes once, then milliseconds. And a
 * dockerd's store of it, filled once: a lab's own dockerd begins with links to the same files, which no dockerd changes,
 * seconds sooner than by `docker load` and without a copy for each lab.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from '../../errors.ts';
import { run } from '../../process/process.ts';

const BUILD = fileURLToPath(new URL('../../../testbed/kind/build-node-image.sh', import.meta.url));
/** Of a dockerd's data: the layers' files, and what it knows of images. The first are large, and never written again. */
const LAYERS = 'overlay2';
const IMAGES = 'image';

export interface NodeImage {
  /** Folder of `kind` and `kubectl`. */
  readonly programs: string;
  /** For `docker load`. */
  readonly archive: string;
  readonly name: string;
  /** Layer below the agent's image, which the nodes' containerd has: `<digest>/<bytes>`. */
  readonly agentBase: string;
}

/** @throws LabError with the end of the build's output */
export async function nodeImage(signal: AbortSignal): Promise<NodeImage> {
  const [programs, archive, name, agentBase] = (await run([BUILD], { signal })).stdout.trim().split('\n');
  if (programs === undefined || archive === undefined || name === undefined || agentBase === undefined)
    throw new LabError(`${BUILD} names no image`);
  return { programs, archive, name, agentBase };
}

/**
 * For a dockerd that has not been started yet.
 * @param data Its data root, which is there.
 * @returns False where no store has been kept, or data are on another file system; then the image is to be loaded.
 */
export async function placeStore(image: NodeImage, data: string): Promise<boolean> {
  const kept = await storeOf(image);
  if (!existsSync(kept) || statSync(kept).dev !== statSync(data).dev) return false;
  await copyStore(kept, data);
  return true;
}

/** Of a dockerd that has the image and nothing else, for those to come. */
export async function keepStore(image: NodeImage, data: string): Promise<void> {
  const kept = await storeOf(image);
  if (statSync(dirname(kept)).dev !== statSync(data).dev) return;
  const part = `${kept}.${process.pid}`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part);
  await copyStore(data, part);
  try {
    renameSync(part, kept);
  } catch {
    // Another lab has kept its own meanwhile.
    rmSync(part, { recursive: true });
  }
}

/** Of another version it may be written in another way. */
async function storeOf({ archive }: NodeImage): Promise<string> {
  const { stdout } = await run(['dockerd', '--version']);
  const version = /version (\S+?),/.exec(stdout)?.[1] ?? 'unknown';
  return join(dirname(archive), `${basename(archive, '.tar')}.docker-${version}`);
}

async function copyStore(from: string, to: string): Promise<void> {
  await run(['cp', '--archive', '--link', join(from, LAYERS), join(to, LAYERS)]);
  await run(['cp', '--archive', join(from, IMAGES), join(to, IMAGES)]);
}
