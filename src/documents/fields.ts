/** The fields of a JSON Schema as groups that a page can show: one group a map of fields, in the order of the schema. */
import { formatQuantity, type Quantity } from '../input/units.ts';

/** The part of a JSON Schema that ours use. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/**
 * One step towards a field: a key, every element of a list (where its fields can differ, only those of one kind), or
 * every value of a map.
 */
export type Step =
  | { readonly key: string }
  | { readonly each: true; readonly kind?: { readonly field: string; readonly value: unknown } }
  | { readonly values: true };

export interface Field {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly required: boolean;
  readonly schema: JsonSchema;
  /** What may stand there: the schema's examples, or the only value that there is. */
  readonly examples: readonly unknown[];
}

export interface Group {
  readonly steps: readonly Step[];
  readonly description: string;
  readonly fields: readonly Field[];
  /** Path of an earlier group that has just the same fields. */
  readonly sameAs?: string;
}

/** All groups of a schema, the document itself first. */
export function groupsOf(schema: JsonSchema): Group[] {
  const known = new Map<string, string>();
  return collect(schema, []).map((group) => {
    const content = JSON.stringify(group.fields.map(({ name, schema, required }) => [name, schema, required]));
    const sameAs = known.get(content);
    if (sameAs !== undefined) return { ...group, sameAs };
    known.set(content, pathOf(group.steps));
    return group;
  });
}

function collect(schema: JsonSchema, steps: readonly Step[]): Group[] {
  if (schema.oneOf !== undefined) return schema.oneOf.flatMap((option) => collect(option, withKind(steps, option)));
  if (schema.properties === undefined) return inner(schema, steps);
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties).map(
    ([name, property]): Field => ({
      name,
      steps: [...steps, { key: name }],
      required: required.has(name),
      schema: property,
      examples: property.const === undefined ? (property.examples ?? []) : [property.const],
    }),
  );
  const kind = fields.findLast(({ schema: { const: value } }) => value !== undefined && steps.length > 0);
  const description = schema.description ?? kind?.schema.description ?? '';
  return [{ steps, description, fields }, ...fields.flatMap((field) => inner(field.schema, field.steps))];
}

/** The groups below a field. */
function inner(schema: JsonSchema, steps: readonly Step[]): Group[] {
  if (schema.properties !== undefined) return collect(schema, steps);
  if (schema.items !== undefined) return collect(schema.items, [...steps, { each: true }]);
  if (typeof schema.additionalProperties === 'object')
    return collect(schema.additionalProperties, [...steps, { values: true }]);
  return (schema.anyOf ?? []).flatMap((option) => inner(option, steps));
}

/** The kind of an element is the first of its fields that has only one value. */
function withKind(steps: readonly Step[], option: JsonSchema): Step[] {
  const constants = Object.entries(option.properties ?? {}).filter(([, { const: value }]) => value !== undefined);
  const [field, schema] = constants.at(-1) ?? [];
  if (field === undefined) return [...steps];
  return [...steps.slice(0, -1), { each: true, kind: { field, value: schema?.const } }];
}

/** `workloads[tcp].rate`, `ases.*.label`; empty for the document itself. */
export function pathOf(steps: readonly Step[]): string {
  return steps
    .map((step) => {
      if ('key' in step) return `.${step.key}`;
      if ('values' in step) return '.*';
      return step.kind === undefined ? '[]' : `[${step.kind.value}]`;
    })
    .join('')
    .replace(/^\./, '');
}

/** What may be written, in words; `quantity` names the ones with a unit. */
export function typeText(schema: JsonSchema, quantity: (schema: JsonSchema) => string | undefined): string {
  const named = quantity(schema);
  if (named !== undefined) return named;
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.prefixItems !== undefined)
    return `[${schema.prefixItems.map((item) => typeText(item, quantity)).join(', ')}]`;
  const options = schema.anyOf ?? schema.oneOf ?? typesOf(schema);
  if (options !== undefined) return [...new Set(options.map((option) => typeText(option, quantity)))].join(' or ');
  switch (schema.type) {
    case 'integer':
      return `whole number${range(schema)}`;
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return `list of ${plural(typeText(schema.items ?? {}, quantity))}`;
    case 'object':
      return 'map';
    case 'number':
      return 'number';
    default:
      return 'text';
  }
}

/** `{type: [number, string]}` is short for two schemas. */
function typesOf({ type }: JsonSchema): readonly JsonSchema[] | undefined {
  return Array.isArray(type) ? type.map((each: string) => ({ type: each })) : undefined;
}

function plural(type: string): string {
  return type === 'map' ? 'maps' : type.startsWith('whole number') ? type.replace('number', 'numbers') : type;
}

/** Limits that JavaScript, not we, set are no news. */
function range({ minimum, maximum }: JsonSchema): string {
  const low = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? '' : String(minimum);
  const high = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? '' : String(maximum);
  return low === '' && high === '' ? '' : `, ${low}–${high}`;
}

/** The smallest and the largest value of a quantity as text. */
export function limitsOf(quantity: Quantity): string {
  return `${formatQuantity(1, quantity)} to ${formatQuantity(quantity.limit, quantity)}`;
}
