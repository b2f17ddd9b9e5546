/** Zod building blocks for the fields that our files share. Each carries what an editor needs to help its writer. */
import { z } from 'zod';
import { quoted } from './nearest.ts';
import { DURATION, parseQuantity, type Quantity, RATE, RATIO, SIZE, UnitError } from './units.ts';

/** A text field that `parse` turns into a value; what `parse` throws becomes the problem's message. */
export function parsedText<T>(parse: (text: string) => T, expected: string, pattern: string, examples: string[]) {
  return z
    .unknown()
    .transform((input, context): T => {
      try {
        if (typeof input === 'string') return parse(input);
        context.addIssue({ code: 'custom', message: describeInput(input), params: { expected } });
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const right = error instanceof UnitError ? error.expected : expected;
        context.addIssue({ code: 'custom', message: error.message, params: { expected: right } });
      }
      return z.NEVER;
    })
    .meta({ type: 'string', pattern, examples });
}

function quantityField(quantity: Quantity) {
  const units = Object.keys(quantity.units).join('|');
  const pattern = `^\\d+(\\.\\d+)? ?(${units})$`;
  return parsedText((text) => parseQuantity(text, quantity), quantity.expected, pattern, [quantity.example]);
}

/** `20ms` → nanoseconds. */
export const duration = quantityField(DURATION);

/** What a wire may do to a frame's time, at most 4 s: the wire's program scales jitter from 32 bits of nanoseconds. */
export const wireTime = quantityField({ ...DURATION, limit: 4e9 });

/** `100Mbit` → bits per second. */
export const rate = quantityField(RATE);

/** `64KiB` → bytes. */
export const size = quantityField(SIZE);

/** `0.1%` → parts per million. */
export const ratio = quantityField(RATIO);

/** A name of our own that ends up in namespaces, files and tables: lower case, digits, dashes. */
export const name = z
  .string()
  .max(40)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { message: 'is no valid name' });

/** What stands in a place that should hold something else, as the end of "it …". */
export function describeInput(input: unknown): string {
  if (input === undefined) return 'is missing';
  if (input === null) return 'is empty';
  if (Array.isArray(input)) return 'is a list';
  switch (typeof input) {
    case 'number':
      return `is ${input}, a number without a unit`;
    case 'boolean':
      return `is ${input}`;
    case 'string':
      return `is ${quoted(input)}`;
    default:
      return 'is a map of fields';
  }
}
