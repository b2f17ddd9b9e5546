/**
 * What the services of a configuration have learned, kept for the next lab that has the same: certificates, and the control
 * services' databases of segments and of trust. Not of beacons: a service that starts with some passes them all on at once,
 * which keeps the machine busy for longer than the look-ups that a lab waits for. A lab that begins with it is as one whose
 * services have been started again, which knows its paths within moments; it takes beacons of its own from there on.
 *
 * The forwarding keys depend on the seed, and the seed is part of what must be the same: so hop fields stay valid.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ReferenceConfiguration } from './configuration.ts';

/** Segments live for six hours (control/beacon/policy.go: MaxExpTime 63). A lab that begins with them may run for some of these. */
const USABLE_MS = 2 * 3_600_000;
/** Making one is copying a few files. What is unfinished after so long was left by a crash. */
const ABANDONED_MS = 600_000;
/** Of a control plane's folder. */
const PARTS = ['gen', 'state'];
const BEACONS = /\.beacon\.db/;
const LEARNED_AT = 'learned-at';

export class KeptState {
  readonly #cache: string;
  readonly #folder: string;

  /**
   * @param cache folder of all that is kept
   * @param key of what must be the same; see stateKey()
   */
  constructor(cache: string, key: string) {
    this.#cache = cache;
    this.#folder = join(cache, key);
  }

  /** Copies it into a control plane's folder, and says when it was learned; undefined, and nothing copied, where none is of use. */
  restore(folder: string): Date | undefined {
    const learnedAt = learnedAtOf(this.#folder);
    if (learnedAt === undefined || isTooOld(learnedAt)) return undefined;
    try {
      for (const part of PARTS) cpSync(join(this.#folder, part), join(folder, part), { recursive: true });
      return learnedAt;
    } catch {
      // Another lab has just replaced it.
      for (const part of PARTS) rmSync(join(folder, part), { recursive: true, force: true });
      return undefined;
    }
  }

  /** In place of what was kept before. The services must have ended: their databases are files. */
  keep(folder: string, learnedAt: Date): void {
    mkdirSync(this.#cache, { recursive: true, mode: 0o700 });
    this.#removeUseless();
    const made = mkdtempSync(join(this.#cache, 'new-'));
    try {
      const filter = (file: string) => !BEACONS.test(file);
      for (const part of PARTS) cpSync(join(folder, part), join(made, part), { recursive: true, filter });
      writeFileSync(join(made, LEARNED_AT), learnedAt.toISOString());
      rmSync(this.#folder, { recursive: true, force: true });
      renameSync(made, this.#folder);
    } catch (error) {
      rmSync(made, { recursive: true, force: true });
      throw error;
    }
  }

  #removeUseless(): void {
    for (const name of readdirSync(this.#cache)) {
      const folder = join(this.#cache, name);
      const learnedAt = learnedAtOf(folder);
      // What has no date is just being made, or was left by a crash.
      const useless = learnedAt === undefined ? isAbandoned(folder) : isTooOld(learnedAt);
      if (useless) rmSync(folder, { recursive: true, force: true });
    }
  }
}

function isTooOld(learnedAt: Date): boolean {
  return Date.now() - learnedAt.getTime() > USABLE_MS;
}

function isAbandoned(folder: string): boolean {
  // Absent: another lab has just given it its name.
  const changed = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
  return changed !== undefined && Date.now() - changed > ABANDONED_MS;
}

/** Undefined where there is none, or no date is to be read. */
function learnedAtOf(folder: string): Date | undefined {
  const file = join(folder, LEARNED_AT);
  if (!existsSync(file)) return undefined;
  const learnedAt = new Date(readFileSync(file, 'utf8'));
  return Number.isNaN(learnedAt.getTime()) ? undefined : learnedAt;
}

/** Of everything that decides what services learn: all configuration but where it lies, the seed, and the programs. */
export function stateKey({ files }: ReferenceConfiguration, folder: string, seed: number, programs: string): string {
  const hash = createHash('sha256').update(JSON.stringify([seed, programs]));
  for (const [path, content] of files)
    hash.update(JSON.stringify([path, content].map((text) => text.replaceAll(folder, ''))));
  return hash.digest('hex').slice(0, 16);
}
