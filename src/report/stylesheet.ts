/** The page's CSS. Themes are sets of variables; `data-theme` on the root overrides what the system prefers. */
import { DASHES, PALETTES, type Palette, type Theme } from './palette.ts';

/** Everything that goes into the page's one <style>. */
export function stylesheet(): string {
  const { light, dark } = PALETTES;
  return [
    `:root{color-scheme:light dark;${variables(light, 'light')}}`,
    `@media (prefers-color-scheme:dark){:root:not([data-theme=light]){${variables(dark, 'dark')}}}`,
    `:root[data-theme=dark]{color-scheme:dark;${variables(dark, 'dark')}}`,
    ':root[data-theme=light]{color-scheme:light}',
    ...Object.keys(DASHES).map((name) => `.t-${name}{--accent:var(--t-${name})}`),
    PAGE,
    TABLES,
    TOPOLOGY,
  ].join('\n');
}

const ISD_TINTS: Readonly<Record<Theme, readonly string[]>> = {
  light: ['#edf1f5', '#f3f0e7', '#eef3ec', '#f3eef2'],
  dark: ['#1f2731', '#27251f', '#1f2822', '#272129'],
};

function variables(palette: Palette, theme: Theme): string {
  const { transports, attackWash, ...plain } = palette;
  const pairs = [
    ...Object.entries(plain),
    ...Object.entries(transports).map(([name, colour]) => [`t-${name}`, colour] as const),
    ...ISD_TINTS[theme].map((colour, index) => [`isd-${index}`, colour] as const),
    ['attack-wash', attackWash] as const,
  ];
  return pairs.map(([name, colour]) => `--${name}:${colour}`).join(';');
}

const PAGE = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 "Inter","Segoe UI","Noto Sans",system-ui,-apple-system,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1240px;margin:0 auto;padding:44px 28px 72px}
header{max-width:860px;margin-bottom:36px}
h1{font-size:30px;line-height:1.22;letter-spacing:-.015em;margin:6px 0 12px;font-weight:680;text-wrap:balance}
h2{font-size:19px;letter-spacing:-.005em;margin:48px 0 14px;font-weight:650}
h3{font-size:13px;margin:0 0 6px;font-weight:650}
p{margin:0 0 12px}
code,.mono{font-family:"JetBrains Mono",ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
.eyebrow{color:var(--muted);font-size:13px;letter-spacing:.01em}
.question{font-size:18px;line-height:1.5;color:var(--muted);text-wrap:pretty}
.answer{font-size:16px;line-height:1.62}
.answer .lead{font-weight:680}
.answer ul{list-style:none;margin:10px 0 12px;padding:0}
.answer li{padding-left:16px;border-left:4px solid var(--accent);margin:0 0 10px}
.note{color:var(--muted);font-size:13px;max-width:860px}
.card.scroll{padding:18px 12px}
.card{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:20px 22px}
.card+.card{margin-top:16px}
.banner{background:var(--attack-wash);border:1px solid var(--attack);border-radius:12px;padding:14px 20px;margin:0 0 28px}
.banner strong{color:var(--attack)}
.banner ul{margin:6px 0 0;padding-left:20px}
.chip{display:inline-block;color:var(--accent);border:1px solid currentColor;border-radius:999px;padding:0 9px;font-size:12px;font-weight:600;line-height:20px;white-space:nowrap}
.swatch{display:inline-block;width:22px;height:0;border-top:3px solid var(--accent);vertical-align:middle;margin-right:7px}
.swatch.t-vxlan{border-top-style:dashed}
.swatch.t-wireguard{border-top-style:dotted}
.swatch.t-sig{border-top-style:double}
.holds{color:var(--holds)}
.fails{color:var(--fails)}
.verdicts{list-style:none;margin:0;padding:0}
.verdicts li{display:grid;grid-template-columns:26px 1fr auto;gap:2px 8px;padding:12px 0;border-top:1px solid var(--line)}
.verdicts li:first-child{border-top:0;padding-top:2px}
.verdicts li:last-child{padding-bottom:2px}
.verdicts .sign{font-weight:700;font-size:17px;line-height:24px}
.verdicts .name{font-weight:600}
.verdicts .why{grid-column:2/4;color:var(--muted);font-size:13.5px}
.verdicts .why b{color:var(--ink);font-weight:600}
.timeline{list-style:none;margin:0;padding:0;display:grid;gap:8px}
.timeline li{display:grid;grid-template-columns:26px 60px 1fr auto;gap:10px;align-items:baseline;font-size:14px}
.timeline .badge{display:inline-grid;place-items:center;width:20px;height:20px;border-radius:50%;background:var(--attack);color:var(--surface);font-size:11px;font-weight:700}
.timeline .when{font-weight:600}
.timeline .actual{color:var(--muted);font-size:12.5px}
figure{margin:0}
figure img{display:block;width:100%;height:auto}
figure.chart{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:14px 16px 8px;margin-top:14px}
figcaption{color:var(--muted);font-size:13.5px;margin-top:12px}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(330px,1fr));gap:16px}
.grid .card{margin:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0;font-size:13.5px}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
pre{background:var(--page);border:1px solid var(--line);border-radius:8px;padding:12px 14px;margin:8px 0 0;overflow-x:auto;font-size:13px;line-height:1.5}
footer{margin-top:48px;color:var(--faint);font-size:12.5px}
@media print{main{max-width:none;padding:0}.card,figure.chart{break-inside:avoid}}
@media (max-width:720px){main{padding:24px 16px}.verdicts li{grid-template-columns:22px 1fr}.verdicts .chip{display:none}.timeline li{grid-template-columns:26px 1fr}}`;

const TABLES = `
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{padding:6px 6px;text-align:right;white-space:nowrap;vertical-align:top;line-height:1.35}
thead th{color:var(--muted);font-weight:500;font-size:12.5px;padding-bottom:4px}
thead .group th{color:var(--ink);font-weight:650;text-align:left;border-bottom:1px solid var(--line);padding-bottom:6px}
thead .group th+th,thead .first,tbody .first{border-left:1px solid var(--line)}
thead .group th:empty{border-left:0}
tbody th{text-align:left;font-weight:500;color:var(--muted)}
tbody th.transport{color:var(--ink);font-weight:650;font-size:14px;border-left:4px solid var(--accent);padding-left:12px}
tbody tr.start>*{border-top:1px solid var(--line);padding-top:10px}
tbody tr.end>*{padding-bottom:10px}
tr.during td:not(.once),tr.during th:not(.transport){background:var(--attack-wash)}
td small{display:block;color:var(--faint);font-size:10px;line-height:1.35;font-weight:400;letter-spacing:-.01em}
td.once{vertical-align:middle}
td.hit{color:var(--attack);font-weight:600}`;

const TOPOLOGY = `
.topology{display:block;width:100%;height:auto;margin:0 auto;font-family:inherit}
.isd{stroke:none}
.isd-0{fill:var(--isd-0)}.isd-1{fill:var(--isd-1)}.isd-2{fill:var(--isd-2)}.isd-3{fill:var(--isd-3)}
.isd-name{fill:var(--faint);font-size:12px;font-weight:650;letter-spacing:.04em}
.link{fill:none;stroke:var(--faint);stroke-width:1.3;opacity:.75}
.link.core{stroke-width:2.2}
.link.peer{stroke-dasharray:5 4}
.used{fill:none;stroke:var(--accent);stroke-width:3.2}
.arrow{fill:var(--accent);stroke:none}
.as .box{fill:var(--surface);stroke:var(--faint);stroke-width:1.2}
.as.core .box{stroke:var(--muted);stroke-width:2.2}
.as .ring{fill:none;stroke:var(--ink);stroke-width:1.5;stroke-dasharray:2 3}
.as.cluster .box{fill:var(--ink);stroke:var(--ink)}
.as.attacker .box{fill:var(--attack);stroke:var(--attack)}
.as text{text-anchor:middle;fill:var(--ink);font-size:12.5px;font-weight:620}
.as .role{font-size:11px;font-weight:450;fill:var(--muted)}
.as.cluster text,.as.attacker text{fill:var(--surface)}
.end circle{fill:var(--surface);stroke:var(--accent);stroke-width:2}
.end path{stroke:var(--accent);stroke-width:2;fill:none}
.legend{display:flex;flex-wrap:wrap;gap:6px 22px;color:var(--muted);font-size:13px;margin:0 0 14px}
.ways{display:grid;grid-template-columns:max-content 1fr;gap:3px 14px;font-size:13px;margin-top:14px;color:var(--muted)}
.ways b{color:var(--ink);font-weight:600}`;
