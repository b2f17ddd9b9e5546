/**
 * From a Zod schema to the structural OpenAPI schema that a CustomResourceDefinition wants: JSON Schema less what it does
 * not allow there (Kubernetes documentation, "Specifying a structural schema"), plus the rules of the API server (CEL).
 */
import { z } from 'zod';
import { type CelRule, type CrdFacts, crdFacts } from './fields.ts';

export interface OpenApiSchema {
  type?: string;
  description?: string;
  format?: string;
  pattern?: string;
  enum?: unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, OpenApiSchema>;
  items?: OpenApiSchema;
  additionalProperties?: OpenApiSchema;
  'x-kubernetes-validations'?: CelRule[];
  'x-kubernetes-list-type'?: 'map' | 'atomic';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic';
}

/** What a JSON Schema of ours can hold that goes into OpenAPI as it is. */
const KEPT = [
  'type',
  'description',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'required',
  'default',
] as const;

/** A map of labels: bounds without which no rule over it can be estimated. */
const MAX_LABELS = 32;
const MAX_LABEL_VALUE = 63;

interface Marked extends z.core.JSONSchema.BaseSchema {
  crd?: CrdFacts;
}

/** Of what a person writes: before defaults and transformations are applied. */
export function openApiOf(schema: z.ZodType): OpenApiSchema {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const facts = factsOf(zodSchema);
      if (facts !== undefined) (jsonSchema as Marked).crd = facts;
    },
  });
  return structural(json as Marked);
}

/** A wrapper (optional, default) has the facts of what it wraps. */
function factsOf(schema: z.core.$ZodType): CrdFacts | undefined {
  const own = crdFacts.get(schema as z.ZodType);
  if (own !== undefined) return own;
  const { innerType } = schema._zod.def as { readonly innerType?: z.core.$ZodType };
  return innerType === undefined ? undefined : factsOf(innerType);
}

function structural(json: Marked): OpenApiSchema {
  const kept = KEPT.filter((key) => json[key] !== undefined && !isJavaScriptLimit(key, json[key]));
  const schema = Object.fromEntries(kept.map((key) => [key, json[key]])) as OpenApiSchema;
  if (json.const !== undefined) Object.assign(schema, { type: typeof json.const, enum: [json.const] });
  if (json.type === 'integer') schema.format = 'int32';
  const { rules, maxLength } = json.crd ?? {};
  if (maxLength !== undefined) schema.maxLength = maxLength;
  // A rule says in words what the pattern says in signs.
  if (rules !== undefined) schema['x-kubernetes-validations'] = [...rules];
  else if (json.pattern !== undefined) schema.pattern = json.pattern;
  if (json.properties !== undefined) {
    const properties = Object.entries(json.properties).map(([name, each]) => [name, structural(each as Marked)]);
    schema.properties = Object.fromEntries(properties) as Record<string, OpenApiSchema>;
    if (schema.default !== undefined) schema.default = withDefaults(schema.default, schema.properties);
  } else if (typeof json.additionalProperties === 'object') {
    const values = structural(json.additionalProperties as Marked);
    schema.additionalProperties = { ...values, maxLength: MAX_LABEL_VALUE };
    schema.maxProperties = MAX_LABELS;
  }
  if (typeof json.items === 'object') {
    schema.items = structural(json.items as Marked);
    schema['x-kubernetes-list-type'] = 'atomic';
  }
  return schema;
}

/** The rules of a map are held against its default as it stands there, before those of its fields are filled in. */
function withDefaults(given: unknown, properties: Readonly<Record<string, OpenApiSchema>>): object {
  const defaults = Object.entries(properties).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(defaults), ...(given as object) };
}

function isJavaScriptLimit(key: string, value: unknown): boolean {
  return (key === 'minimum' || key === 'maximum') && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;
}
