/** Comparing versions as kernels, Node and Go write them. */

/** Whether a version is another one or newer, by its first three numbers: `6.1` ≤ `6.1.0-18-amd64` < `6.10.2+`. */
export function isAtLeast(version: string, oldest: string): boolean {
  const [own, other] = [numbersOf(version), numbersOf(oldest)];
  for (const [index, number] of own.entries()) {
    const difference = number - (other[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function numbersOf(version: string): [number, number, number] {
  const [, major = '0', minor = '0', patch = '0'] = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version) ?? [];
  return [Number(major), Number(minor), Number(patch)];
}
