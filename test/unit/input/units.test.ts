import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DURATION, formatQuantity, parseQuantity, RATE, RATIO, SIZE, UnitError } from '../../../src/input/units.ts';

test('every unit is read as the quantity it stands for', () => {
  const cases = [
    ['20ms', DURATION, 20e6],
    ['1.5s', DURATION, 1.5e9],
    ['100us', DURATION, 100e3],
    ['100µs', DURATION, 100e3],
    ['100μs', DURATION, 100e3],
    ['7ns', DURATION, 7],
    ['2min', DURATION, 120e9],
    ['0ms', DURATION, 0],
    ['100Mbit', RATE, 100e6],
    ['1Gbit', RATE, 1e9],
    ['2.5kbit', RATE, 2500],
    ['0.1%', RATIO, 1000],
    ['50ppm', RATIO, 50],
    ['100%', RATIO, 1e6],
    ['64KiB', SIZE, 65_536],
    ['64kB', SIZE, 64_000],
    ['512 B', SIZE, 512],
  ] as const;
  for (const [text, quantity, value] of cases) assert.equal(parseQuantity(text, quantity), value, text);
});

test('a quantity without a unit is refused and told so', () => {
  assert.throws(
    () => parseQuantity('20', DURATION),
    (error) => error instanceof UnitError && error.message === '20 has no unit' && error.expected.includes('20ms'),
  );
});

test('a unit in the wrong case is told its own, and no unit is told one that is like it by chance', () => {
  const expected = (text: string, quantity: typeof RATE) => {
    try {
      return parseQuantity(text, quantity);
    } catch (error) {
      return error instanceof UnitError ? error.expected : error;
    }
  };
  assert.equal(expected('10mbit', RATE), 'did you mean "10Mbit"?');
  assert.equal(expected('64KIB', SIZE), 'did you mean "64KiB"?');
  assert.equal(expected('1Tbit', RATE), 'a rate such as 100Mbit or 1Gbit; units: bit, kbit, Mbit, Gbit');
});

test('an unknown unit, a negative number, too large and too fine a value are refused', () => {
  const faults = [
    ['20msec', DURATION, /no unit for this/],
    ['20constructor', DURATION, /no unit for this/],
    ['-1ms', DURATION, /cannot be read/],
    ['1e3ms', DURATION, /no unit for this|cannot be read/],
    ['', DURATION, /cannot be read/],
    ['2000min', DURATION, /too large/],
    ['0.5ns', DURATION, /too fine/],
    ['101%', RATIO, /too large/],
    ['1.5B', SIZE, /too fine/],
    ['1mbit', RATE, /no unit for this/],
  ] as const;
  for (const [text, quantity, message] of faults) {
    assert.throws(() => parseQuantity(text, quantity), { name: 'UnitError', message }, text);
  }
});

test('what formatQuantity writes, parseQuantity reads back unchanged', () => {
  for (const quantity of [DURATION, RATE, RATIO, SIZE]) {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (any) => {
        const value = Math.abs(any) % (quantity.limit + 1);
        assert.equal(parseQuantity(formatQuantity(value, quantity), quantity), value);
      }),
    );
  }
});

test('any text is read as a whole number within the limit or refused with a UnitError', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        const value = parseQuantity(text, DURATION);
        assert.ok(Number.isSafeInteger(value) && value >= 0 && value <= DURATION.limit);
      } catch (error) {
        assert.ok(error instanceof UnitError);
      }
    }),
  );
});
