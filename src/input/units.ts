/**
 * Quantities as people write them. A number and its unit stand together (`20ms`); a bare number is refused, because
 * nobody can tell which unit its writer had in mind.
 */

import { quoted } from './nearest.ts';

/** A quantity that cannot be read: `message` says what is wrong, `expected` what would be right. */
export class UnitError extends Error {
  readonly expected: string;

  constructor(message: string, expected: string) {
    super(message);
    this.name = 'UnitError';
    this.expected = expected;
  }
}

/** One kind of quantity: its units as factors of the smallest one, in ascending order. */
export interface Quantity {
  /** With its article and an example: `a duration such as 20ms`. */
  readonly expected: string;
  readonly units: Readonly<Record<string, number>>;
  readonly example: string;
  /** Largest value accepted, in the smallest unit. */
  readonly limit: number;
}

/** In nanoseconds, up to a day. */
export const DURATION: Quantity = {
  expected: 'a duration such as 20ms, 1.5s or 100us',
  units: { ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9 },
  example: '20ms',
  limit: 86_400e9,
};

/** In bits per second, decimal multiples. */
export const RATE: Quantity = {
  expected: 'a rate such as 100Mbit or 1Gbit',
  units: { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9 },
  example: '100Mbit',
  limit: 1e12,
};

/** In bytes. */
export const SIZE: Quantity = {
  expected: 'a size such as 512B or 64KiB',
  units: { B: 1, kB: 1e3, KiB: 1024, MB: 1e6, MiB: 1024 ** 2, GB: 1e9, GiB: 1024 ** 3 },
  example: '64KiB',
  limit: 2 ** 40,
};

/** In parts per million. */
export const RATIO: Quantity = {
  expected: 'a share such as 0.1% or 50ppm',
  units: { ppm: 1, '%': 1e4 },
  example: '0.1%',
  limit: 1e6,
};

/** No value in range needs more. */
const MAX_LENGTH = 40;

/**
 * Reads a quantity such as `1.5s`.
 *
 * @returns a whole number of the quantity's smallest unit, 0…limit
 * @throws UnitError when the text is no number with a known unit, is out of range or finer than the smallest unit
 */
export function parseQuantity(text: string, quantity: Quantity): number {
  const match = text.length > MAX_LENGTH ? null : /^(\d+(?:\.\d+)?)\s?([a-zA-Zµμ%]*)$/.exec(text.trim());
  if (match === null) throw new UnitError(`${quoted(text)} cannot be read`, quantity.expected);
  const [, digits = '', written = ''] = match;
  if (written === '') throw new UnitError(`${digits} has no unit`, quantity.expected);
  // The micro sign, and the Greek letter that keyboards have.
  const unit = written === 'µs' || written === 'μs' ? 'us' : written;
  const factor = Object.hasOwn(quantity.units, unit) ? quantity.units[unit] : undefined;
  if (factor === undefined)
    throw new UnitError(`"${written}" is no unit for this`, rightUnit(digits, written, quantity));
  const exact = Number(digits) * factor;
  const value = Math.round(exact);
  if (value > quantity.limit) {
    throw new UnitError(`${text} is too large`, `at most ${formatQuantity(quantity.limit, quantity)}`);
  }
  if (Math.abs(exact - value) > 1e-6 * Math.max(1, value)) {
    throw new UnitError(`${text} is too fine`, `whole multiples of 1${Object.keys(quantity.units)[0]}`);
  }
  return value;
}

function rightUnit(digits: string, written: string, { units, expected }: Quantity): string {
  // A unit that is like another by its letters may be a million of it: only its case is surely a slip.
  const near = Object.keys(units).find((unit) => unit.toLowerCase() === written.toLowerCase());
  return near === undefined
    ? `${expected}; units: ${Object.keys(units).join(', ')}`
    : `did you mean "${digits}${near}"?`;
}

/**
 * Writes a value in the largest unit that leaves a whole number, so that reading it gives the same value again.
 *
 * @param value a whole number ≥ 0 of the quantity's smallest unit
 */
export function formatQuantity(value: number, quantity: Quantity): string {
  const units = Object.entries(quantity.units);
  const largest = units.findLast(([, factor]) => value % factor === 0 && value >= factor) ?? units[0];
  if (largest === undefined) return String(value);
  return `${value / largest[1]}${largest[0]}`;
}
