/** Makes a bundle's charts and page, from the bundle alone. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPORT } from '../results/bundle-layout.ts';
import { readBundle } from '../results/bundle-reader.ts';
import { drawCharts } from './charts.ts';
import { reportPage } from './html.ts';

export interface Report {
  /** Path of report.html. */
  readonly html: string;
  /** Paths of the charts, light and dark. */
  readonly charts: readonly string[];
}

/**
 * Draws `charts/*.png` and writes `report.html` into the bundle's folder, in place of those that are there.
 * @throws CilionError (exit code 2) for a bundle that is incomplete, damaged or of another schema.
 */
export async function makeReport(bundleFolder: string): Promise<Report> {
  const bundle = await readBundle(bundleFolder);
  const charts = await drawCharts(bundle);
  const html = join(bundleFolder, REPORT);
  await writeFile(`${html}.partial`, await reportPage(bundle, charts));
  await rename(`${html}.partial`, html);
  return { html, charts: charts.flatMap(({ light, dark }) => [light, dark]) };
}
