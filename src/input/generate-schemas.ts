/**
 * Writes the JSON Schemas that editors use for our files. Run by hand after a change of a schema:
 *   node src/input/generate-schemas.ts
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { manifestSchema } from '../k8s/manifest-schema.ts';
import { scenarioSchema } from '../scenario/schema.ts';
import { topologySchema } from '../topology/schema.ts';
import { duration, rate, ratio, size } from './fields.ts';
import { DURATION, formatQuantity, type Quantity, RATE, RATIO, SIZE } from './units.ts';

const FOLDER = fileURLToPath(new URL('../../schemas/', import.meta.url));

const SCHEMAS = {
  'scenario.schema.json': { title: 'CilION scenario', schema: scenarioSchema },
  'topology.schema.json': { title: 'CilION topology', schema: topologySchema },
  'manifest.schema.json': { title: 'Kubernetes manifest, as far as CilION honours it', schema: manifestSchema },
} as const satisfies Readonly<Record<string, { readonly title: string; readonly schema: z.ZodType }>>;

export type SchemaFile = keyof typeof SCHEMAS;

/** By the pattern that a JSON Schema has for it. */
const QUANTITIES: ReadonlyMap<unknown, Quantity> = new Map([
  [duration.meta()?.['pattern'], DURATION],
  [rate.meta()?.['pattern'], RATE],
  [size.meta()?.['pattern'], SIZE],
  [ratio.meta()?.['pattern'], RATIO],
]);

/** What a quantity field of a JSON Schema holds; undefined for any other field. */
export function quantityOf(jsonSchema: { readonly pattern?: unknown }): Quantity | undefined {
  return QUANTITIES.get(jsonSchema.pattern);
}

/** JSON Schema of what a person writes (before defaults and units are applied). */
export function jsonSchemaOf(file: SchemaFile): z.core.JSONSchema.BaseSchema {
  const { title, schema } = SCHEMAS[file];
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', override: asWritten });
  return { ...($schema === undefined ? {} : { $schema }), title, ...rest };
}

/** File name → text of its JSON Schema. */
export function generateSchemas(): Map<SchemaFile, string> {
  const files = Object.keys(SCHEMAS) as SchemaFile[];
  return new Map(files.map((file) => [file, `${JSON.stringify(jsonSchemaOf(file), null, 2)}\n`]));
}

/**
 * Zod leaves out defaults and examples of whatever is transformed: here they stand as a person writes them.
 */
function asWritten({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}) {
  const { defaultValue } = zodSchema._zod.def as { readonly defaultValue?: unknown };
  const quantity = quantityOf(jsonSchema);
  if (quantity !== undefined && typeof defaultValue === 'number') {
    jsonSchema.default = formatQuantity(defaultValue, quantity);
  }
  if (Array.isArray(defaultValue) && defaultValue.length === 0) jsonSchema.default = [];
  const examples = examplesOf(zodSchema);
  if (examples !== undefined) jsonSchema.examples = examples;
}

/** A wrapper (optional, default) without examples of its own has those of what it wraps. */
function examplesOf(schema: z.core.$ZodType): unknown[] | undefined {
  const own = z.globalRegistry.get(schema)?.['examples'];
  if (Array.isArray(own)) return own;
  const { innerType } = schema._zod.def as { readonly innerType?: z.core.$ZodType };
  return innerType === undefined ? undefined : examplesOf(innerType);
}

if (import.meta.main) {
  await mkdir(FOLDER, { recursive: true });
  for (const [file, text] of generateSchemas()) await writeFile(`${FOLDER}${file}`, text);
}
