/**
 * Writes the JSON Schemas that editors use for our files. Run by hand after a change of a schema:
 *   node src/input/generate-schemas.ts
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { scenarioSchema } from '../scenario/schema.ts';
import { topologySchema } from '../topology/schema.ts';

const FOLDER = fileURLToPath(new URL('../../schemas/', import.meta.url));

const SCHEMAS: Readonly<Record<string, { readonly title: string; readonly schema: z.ZodType }>> = {
  'scenario.schema.json': { title: 'CilION scenario', schema: scenarioSchema },
  'topology.schema.json': { title: 'CilION topology', schema: topologySchema },
};

/** File name → JSON Schema text of what a person writes (before defaults and units are applied). */
export function generateSchemas(): Map<string, string> {
  return new Map(
    Object.entries(SCHEMAS).map(([file, { title, schema }]) => {
      const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', override: writtenDefault });
      return [file, `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`];
    }),
  );
}

/** Defaults of quantities are held in base units, which no file may contain: their descriptions name them instead. */
function writtenDefault({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.type === 'string' && typeof jsonSchema.default === 'number') delete jsonSchema.default;
}

if (import.meta.main) {
  await mkdir(FOLDER, { recursive: true });
  for (const [file, text] of generateSchemas()) await writeFile(`${FOLDER}${file}`, text);
}
