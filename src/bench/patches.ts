/** What makes one path another, as entries of the generator's map (struct bench_patch). */
import { u32 } from '../dataplane/layout.ts';
import type { CaseFrames } from './cases.ts';

const PATCH_LENGTH = 16;
const MACS_AT = 4;

/** Keys and values, concatenated, of entries from `first` on. */
export function patchValues(
  frames: CaseFrames,
  first: number,
): { readonly keys: Uint8Array; readonly values: Uint8Array } {
  const keys = new Uint8Array(4 * frames.count);
  const values = new Uint8Array(PATCH_LENGTH * frames.count);
  for (const [n, fields] of frames.variants.entries()) {
    keys.set(u32(first + n), 4 * n);
    for (const [field, { segId, mac }] of fields.entries()) {
      values.set(segId, PATCH_LENGTH * n + 2 * field);
      values.set(mac, PATCH_LENGTH * n + MACS_AT + 6 * field);
    }
  }
  return { keys, values };
}
