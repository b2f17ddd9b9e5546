/**
 * Writes the generated parts of docs/scenarios.md, which stand between marks in it. Run by hand after a change of a
 * schema or of what a loader says:
 *   node src/documents/generate.ts
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FORMATS } from './formats.ts';
import { quantityTable, referenceOf } from './reference.ts';

export const SCENARIOS_PAGE = fileURLToPath(new URL('../../docs/scenarios.md', import.meta.url));
export const COMMAND = 'node_modules/.bin/node src/documents/generate.ts';

/** The page with its generated parts as they should be. @throws RangeError when the page lacks a mark */
export async function scenariosPage(): Promise<string> {
  let page = filled(await readFile(SCENARIOS_PAGE, 'utf8'), 'quantities', quantityTable());
  for (const format of FORMATS) {
    page = filled(page, format.schema.replace('.schema.json', ''), await referenceOf(format));
  }
  return page;
}

function filled(page: string, name: string, text: string): string {
  const begin = `<!-- generated: ${name} -->`;
  const end = `<!-- end: ${name} -->`;
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new RangeError(`docs/scenarios.md has no part between ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

if (import.meta.main) await writeFile(SCENARIOS_PAGE, await scenariosPage());
