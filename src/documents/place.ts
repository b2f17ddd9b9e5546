/** Puts a value for one field into a document that is otherwise right. */
import { type Field, pathOf, type Step } from './fields.ts';

type Node = Record<string, unknown>;

/** Comparisons of an assertion exclude one another. */
const EXCLUSIVE: readonly (readonly string[])[] = [['above', 'atLeast', 'below', 'atMost', 'equals']];

/**
 * A copy of the document with the field set, or left out for `undefined`. In a list, the first element (of the step's
 * kind) that has the field is changed, or the first element if none has.
 *
 * @throws RangeError when the document has no element of the kind
 */
export function placed(document: unknown, field: Field, value: unknown): unknown {
  const copy = structuredClone(document);
  const holder = find(copy, field.steps.slice(0, -1), field);
  if (holder === undefined) throw new RangeError(`the example document has nothing for ${pathOf(field.steps)}`);
  for (const names of EXCLUSIVE.filter((each) => each.includes(field.name))) {
    for (const name of names) delete holder[name];
  }
  if (value === undefined) delete holder[field.name];
  else holder[field.name] = value;
  return copy;
}

/** Whether the document says something for the field. */
export function mentions(document: unknown, field: Field): boolean {
  const holder = find(document, field.steps.slice(0, -1), field);
  return holder !== undefined && field.name in holder;
}

function find(node: unknown, steps: readonly Step[], field: Field): Node | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const [step, ...rest] = steps;
  if (step === undefined) return node as Node;
  const found = next(node, step).map((each) => find(each, rest, field));
  return found.find((each) => each !== undefined && field.name in each) ?? found.find((each) => each !== undefined);
}

function next(node: object, step: Step): unknown[] {
  if ('values' in step) return Object.values(node);
  if ('key' in step) return [(node as Node)[step.key]];
  const elements = Array.isArray(node) ? node : [];
  const { kind } = step;
  return kind === undefined ? elements : elements.filter((each: Node) => each[kind.field] === kind.value);
}
