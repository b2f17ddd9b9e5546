/** The reference of a file format as Markdown: a table of fields a group, and what the loader says of mistakes. */
import { basename } from 'node:path';
import { parseDocument } from 'yaml';
import { formatProblem, type Problem } from '../errors.ts';
import { quantityOf } from '../input/generate-schemas.ts';
import { DURATION, type Quantity, RATE, RATIO, SIZE } from '../input/units.ts';
import { type Field, type Group, limitsOf, pathOf, typeText } from './fields.ts';
import { exampleOf, type Format, groups, written } from './formats.ts';
import { placed } from './place.ts';
import { ABSENT, WRONG_VALUES } from './wrong-values.ts';

const QUANTITY_NAMES: ReadonlyMap<Quantity, string> = new Map([
  [DURATION, 'duration'],
  [RATE, 'rate'],
  [SIZE, 'size'],
  [RATIO, 'share'],
]);

/** What a value with a unit looks like, one line a kind. */
export function quantityTable(): string {
  const rows = [...QUANTITY_NAMES].map(([quantity, name]) => [
    name,
    code(quantity.example),
    Object.keys(quantity.units).map(code).join(', '),
    limitsOf(quantity),
  ]);
  return table(['quantity', 'written', 'units', 'from … to'], rows);
}

/** Tables of all fields of a format. @throws RangeError when the example file lacks a kind of element */
export async function referenceOf(format: Format): Promise<string> {
  const document = await exampleOf(format);
  const sections: string[] = [];
  for (const group of groups(format)) {
    const path = pathOf(group.steps);
    const title = path === '' ? 'The file' : code(path);
    const body =
      group.sameAs === undefined
        ? await groupTables(group, format, document)
        : `The same fields as in ${code(group.sameAs)}.`;
    sections.push([`### ${title}`, text(group.description), body].filter((part) => part !== '').join('\n\n'));
  }
  return sections.join('\n\n');
}

async function groupTables({ fields }: Group, format: Format, document: unknown): Promise<string> {
  const rows = fields.map((field) => [
    field.required ? `**${code(field.name)}**` : code(field.name),
    typeOf(field),
    defaultOf(field),
    text(field.schema.description ?? ''),
    field.examples.map((example) => code(inline(field.name, example))).join('<br>'),
  ]);
  const mistakes = await mistakesOf(fields, format, document);
  return [
    table(['field', 'holds', 'default', 'what it does', 'example'], rows),
    ...(mistakes.length === 0 ? [] : [table(['written', 'what is said of it'], mistakes)]),
  ].join('\n\n');
}

function typeOf({ schema }: Field): string {
  return typeText(schema, (each) => {
    const quantity = quantityOf(each);
    return quantity === undefined ? undefined : QUANTITY_NAMES.get(quantity);
  });
}

function defaultOf({ required, schema }: Field): string {
  if (required) return '(required)';
  return schema.default === undefined ? '' : code(flow(schema.default));
}

async function mistakesOf(fields: readonly Field[], format: Format, document: unknown): Promise<string[][]> {
  const rows: string[][] = [];
  for (const field of fields) {
    for (const value of WRONG_VALUES[format.schema][pathOf(field.steps)] ?? []) {
      const [problem] = await format.problems(written(placed(document, field, value)));
      const wrong = value === ABSENT ? `no ${code(field.name)}` : code(inline(field.name, value));
      if (problem !== undefined) rows.push([wrong, sentence(problem)]);
    }
  }
  return rows;
}

/** As the command line prints it, but for the place in the file. */
function sentence({ file, field, message, expected }: Problem): string {
  const name = basename(file);
  const said = formatProblem({ file: name, field, message, ...(expected === undefined ? {} : { expected }) });
  return text(field === '' ? said : said.slice(`${name}: `.length));
}

/** `rate: 100Mbit`, as it stands in a file. */
function inline(name: string, value: unknown): string {
  return `${name}: ${flow(value)}`;
}

/** On one line, as YAML. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, each]) => inline(key, each))
      .join(', ')}}`;
  }
  // Only what YAML would read as something else needs quotes.
  const plain = String(value);
  return typeof value === 'string' && (plain === '' || parseDocument(`[${plain}]`).toJS()?.[0] !== plain)
    ? `'${plain}'`
    : plain;
}

/** Outside code, Markdown would take it for a tag. */
function text(plain: string): string {
  return plain.replaceAll('<', '&lt;');
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
