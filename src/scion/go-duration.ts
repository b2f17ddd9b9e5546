/** Durations as the reference services' configuration has them (pkg/private/util, ParseDuration). */

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
  w: 604_800e9,
};

/** Nanoseconds of `200ms`; undefined where the text is no duration of one unit. */
export function parseGoDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([a-zµ]+)$/.exec(text) ?? [];
  const scale = UNITS[unit ?? ''];
  return scale === undefined ? undefined : Math.round(Number(amount) * scale);
}
