/** Makes a bundle's charts and page, from the bundle alone. */
import { ownPart, replacePart } from '../results/bundle-file.ts';
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
 * @throws CilionError (exit code 2) for a bundle that is incomplete, damaged or of another schema, or leads out of its folder.
 */
export async function makeReport(bundleFolder: string): Promise<Report> {
  const bundle = await readBundle(bundleFolder);
  // Before anything is written.
  ownPart(bundleFolder, REPORT);
  const charts = drawCharts(bundle);
  const html = replacePart(bundleFolder, REPORT, await reportPage(bundle, charts));
  return { html, charts: charts.flatMap(({ light, dark }) => [light, dark]) };
}
