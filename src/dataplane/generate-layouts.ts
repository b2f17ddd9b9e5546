/**
 * Writes layouts.gen.ts: every struct and enum that `bpf/*.h` declares under the prefixes `cilion_` and `wire_`, as BTF
 * describes it. Each header is compiled with one variable of each of its types, since BTF holds only what is used.
 *
 * Run after any change to those headers: `node src/dataplane/generate-layouts.ts`.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { LabError } from '../errors.ts';
import { native } from '../native.ts';
import { buildBpf } from './build.ts';
import { type Field, type Layout, layoutFromBtf } from './layout.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const GENERATED = path.join(import.meta.dirname, 'layouts.gen.ts');
const DECLARATION = /^(struct|enum) ((?:cilion|wire)_\w+) \{/gm;

interface Types {
  readonly layouts: Map<string, Layout<object>>;
  readonly enums: Map<string, Readonly<Record<string, number>>>;
}

/**
 * The text of layouts.gen.ts for the headers as they are. Needs the addon to be built.
 * @throws LabError when a header does not compile by itself
 */
export async function generateLayouts(): Promise<string> {
  const types: Types = { layouts: new Map(), enums: new Map() };
  for (const header of globSync('bpf/*.h', { cwd: ROOT }).sort()) await collect(header, types);
  const text = [
    '/** Generated from the BTF of bpf/*.h by generate-layouts.ts; not to be edited. */',
    "import type { Layout } from './layout.ts';",
    ...[...types.layouts.values()].flatMap((layout) => [interfaceText(layout), layoutText(layout)]),
    `export const layouts = { ${[...types.layouts.keys()].join(', ')} };`,
    `export const enums = ${JSON.stringify(Object.fromEntries(types.enums))} as const;`,
  ].join('\n\n');
  return await formatted(text);
}

async function collect(header: string, types: Types): Promise<void> {
  const declared = [...readFileSync(path.join(ROOT, header), 'utf8').matchAll(DECLARATION)];
  if (declared.length === 0) return;
  const name = path.basename(header, '.h');
  const source = path.join(ROOT, 'build/layouts', `${name}.c`);
  const variables = declared.map(([, kind, tag], i) => `${kind} ${tag} exported_${i};`);
  mkdirSync(path.dirname(source), { recursive: true });
  writeFileSync(source, `#include "${name}.h"\n${variables.join('\n')}\n`);
  const object = path.join(ROOT, 'build/layouts', `${name}.o`);
  await buildBpf(source, object);

  const btf = native().readBtf(object);
  for (const [, kind, tag = ''] of declared) {
    if (kind === 'struct') addLayout(layoutFromBtf(btf.structs, tag), types);
    else types.enums.set(tag, btf.enums.find((found) => found.name === tag)?.values ?? {});
  }
}

/** What a struct contains stands before it, as in C. */
function addLayout(layout: Layout<object>, types: Types): void {
  for (const field of layout.fields) if (field.kind === 'struct') addLayout(field.layout, types);
  types.layouts.set(layout.name, layout);
}

/** `cilion_link` → `CilionLink` */
function interfaceName(struct: string): string {
  return struct.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function interfaceText(layout: Layout<object>): string {
  const members = layout.fields.map((field) => `readonly ${field.name}: ${typeText(field)};`);
  return `export interface ${interfaceName(layout.name)} { ${members.join('\n')} }`;
}

function typeText(field: Field): string {
  if (field.kind === 'bytes') return 'Uint8Array';
  const element =
    field.kind === 'struct'
      ? interfaceName(field.layout.name)
      : field.size / (field.count ?? 1) === 8
        ? 'bigint'
        : 'number';
  return field.count === undefined ? element : `readonly ${element}[]`;
}

function layoutText(layout: Layout<object>): string {
  const fields = layout.fields.map((field) => {
    if (field.kind !== 'struct') return JSON.stringify(field);
    const { layout: inner, ...place } = field;
    return `${JSON.stringify(place).slice(0, -1)}, layout: ${inner.name} }`;
  });
  return `const ${layout.name}: Layout<${interfaceName(layout.name)}> = { name: '${layout.name}', size: ${layout.size}, fields: [${fields.join(',')}] };`;
}

async function formatted(text: string): Promise<string> {
  const biome = path.join(ROOT, 'node_modules/.bin/biome');
  const result = await execa(biome, ['format', `--stdin-file-path=${GENERATED}`], {
    cwd: ROOT,
    input: text,
    reject: false,
    stripFinalNewline: false,
  });
  if (result.failed) throw new LabError(`biome cannot format the generated layouts:\n${result.stderr}`);
  return result.stdout;
}

if (import.meta.main) writeFileSync(GENERATED, await generateLayouts());
