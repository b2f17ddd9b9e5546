/**
 * Writes the pictures of a scenario's page into docs/scenarios from the bundle of a run: one SVG of the topology for each
 * phase in which packets went another way (<scenario>-<phases>.svg), and the charts that are named (<scenario>-<chart>.png).
 *   node src/documents/pictures.ts results/<run> udp-ping
 */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stylesheet } from '../report/stylesheet.ts';
import { type PathPicture, pathPictures } from '../report/topology-paths.ts';
import { topologySvg } from '../report/topology-svg.ts';
import { type Bundle, readBundle } from '../results/bundle-reader.ts';

const FOLDER = fileURLToPath(new URL('../../docs/scenarios/', import.meta.url));

/** File name → SVG that stands on its own, in the colours of the reader's theme. */
export function pictures(bundle: Bundle): Map<string, string> {
  const { scenario } = bundle.manifest;
  return new Map(
    pathPictures(bundle.manifest, bundle.topology).map((picture) => [
      `${scenario.name}-${picture.phases.join('-')}.svg`,
      standalone(bundle, picture),
    ]),
  );
}

function standalone(bundle: Bundle, { phases, paths }: PathPicture): string {
  const title = `${bundle.manifest.scenario.title}: ${phases.join(' and ')}`;
  const { text } = topologySvg(bundle.topology, paths, title);
  return text
    .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace('</title>', `</title><style>${stylesheet()}\nsvg{background:var(--surface)}</style>`)
    .concat('\n');
}

if (import.meta.main) {
  const [folder, ...charts] = process.argv.slice(2);
  if (folder === undefined) throw new Error('which bundle? node src/documents/pictures.ts results/<run> [chart…]');
  const bundle = await readBundle(folder);
  for (const [file, text] of pictures(bundle)) await writeFile(join(FOLDER, file), text);
  for (const chart of charts) {
    const name = `${bundle.manifest.scenario.name}-${chart}.png`;
    await copyFile(join(folder, 'charts', `${chart}-light.png`), join(FOLDER, name));
  }
}
