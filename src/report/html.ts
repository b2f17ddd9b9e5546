/** The report as one page that needs nothing else: style, pictures and charts inside it. */
import type { Bundle } from '../results/bundle-reader.ts';
import type { ChartPicture } from './charts.ts';
import { Markup, markup } from './markup.ts';
import { provenanceSection, repeatSection } from './page-provenance.ts';
import { chartSection, headSection, invalidBanner, topologySection, verdictSection } from './page-sections.ts';
import { tableSection } from './page-table.ts';
import { stylesheet } from './stylesheet.ts';

/** The whole document. Reads the charts' files to embed them. */
export async function reportPage(bundle: Bundle, charts: readonly ChartPicture[]): Promise<string> {
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${bundle.manifest.scenario.title} · CilION</title>
<style>${new Markup(stylesheet())}</style></head><body><main>
${invalidBanner(bundle)}
${headSection(bundle)}
${verdictSection(bundle)}
${tableSection(bundle)}
${topologySection(bundle)}
${await chartSection(bundle, charts)}
${provenanceSection(bundle)}
${repeatSection(bundle)}
<footer>Made by cilion ${bundle.manifest.versions['cilion']} from the bundle of run ${bundle.manifest.runId}. Append <code>#dark</code> or <code>#light</code> to the address to choose a theme.</footer>
</main><script>${new Markup(THEME_SCRIPT)}</script></body></html>
`;
  return page.text;
}

/** `#dark` and `#light` override the system's preference; pictures follow media queries only, so those change too. */
const THEME_SCRIPT = `
const apply = () => {
  const theme = location.hash.slice(1);
  if (theme !== 'dark' && theme !== 'light') return;
  document.documentElement.dataset.theme = theme;
  for (const source of document.querySelectorAll('picture source')) source.media = theme === 'dark' ? 'all' : 'not all';
};
addEventListener('hashchange', apply);
apply();
`;
