import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { CilionError } from '../../../src/errors.ts';
import { eventSummaries } from '../../../src/report/charts.ts';
import { makeReport } from '../../../src/report/make-report.ts';
import { readBundle } from '../../../src/results/bundle-reader.ts';
import { makeSyntheticBundle, type SyntheticOptions } from '../../fixtures/report/make-bundle.ts';

let folder: string;
let html: string;
let bundleFolder: string;
let reports = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cilion-report-'));
  bundleFolder = await newBundle({ repeat: 2 });
  html = await pageOf(bundleFolder);
});
after(() => rm(folder, { recursive: true }));

function newBundle(options: Partial<SyntheticOptions>): Promise<string> {
  return makeSyntheticBundle({ resultsFolder: join(folder, String(reports++)), ...options });
}

async function pageOf(bundle: string): Promise<string> {
  return readFile((await makeReport(bundle)).html, 'utf8');
}

/** Text as a reader sees it, white space as one space. */
function visible(page: string): string {
  return page
    .replace(/<(style|script|title)>.*?<\/\1>/gs, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replace(/\s+/g, ' ');
}

test('the page needs nothing from outside itself', () => {
  const urls = [...html.matchAll(/(?:src|srcset|href)="([^"]*)"/g)].map((match) => match[1]!);
  assert.ok(urls.length >= 8);
  for (const url of urls) assert.match(url, /^data:image\/png;base64,/);
  assert.doesNotMatch(html, /@import|url\(|https?:\/\//);
});

test('each chart is a PNG of two pixels a unit, in light and in dark, and differs between them', async () => {
  const names = await readdir(join(bundleFolder, 'charts'));
  assert.deepEqual(
    names.toSorted(),
    ['http-web', 'observer', 'tcp-bulk', 'udp-probe'].flatMap((name) => [`${name}-dark.png`, `${name}-light.png`]),
  );
  for (const name of names.filter((entry) => entry.includes('light'))) {
    const light = await readFile(join(bundleFolder, 'charts', name));
    const dark = await readFile(join(bundleFolder, 'charts', name.replace('light', 'dark')));
    assert.equal(light.subarray(1, 4).toString(), 'PNG');
    assert.equal(light.readUInt32BE(16), 2240);
    assert.notDeepEqual(light, dark);
    assert.ok(html.includes(light.toString('base64')) && html.includes(dark.toString('base64')), name);
  }
});

test('the answer says how many assertions hold and what each transport did', async () => {
  const { summary } = await readBundle(bundleFolder);
  const lost = summary.passes
    .filter(({ pass }) => pass.startsWith('ip-'))
    .map(({ phases }) => phases.during['probe']!['udp.lost']!);
  const text = visible(html);
  assert.match(text, /5 of 6 assertions hold\./);
  assert.ok(text.includes(`Plain IP lost ${(lost[0]! + lost[1]!) / 2} of 500 probes`), text.slice(0, 900));
  assert.match(text, /CilION lost none of 500 probes during the attack/);
  assert.match(text, /the attacker received none of its packets/);
});

test('each verdict shows the numbers that decided it', async () => {
  const { verdicts } = await readBundle(bundleFolder);
  const text = visible(html);
  for (const verdict of verdicts.verdicts) assert.ok(text.includes(verdict.name), verdict.name);
  const failed = verdicts.verdicts.find((verdict) => !verdict.holds)!;
  const values = failed.actual.map(({ value }) => `${Math.round(value!)} ms`).join(', ');
  assert.ok(text.includes(`${values} ; wanted less than 100 ms`), values);
});

test('the picture says where diverted packets end, and that the way back is whole', () => {
  const during = visible(html).split('During').at(-1)!;
  assert.match(
    during,
    /1-ff00:0:121 → 1-ff00:0:120 → 2-ff00:0:210 → 2-ff00:0:260 ✕ ends here, 2-ff00:0:221 is not reached/,
  );
  assert.match(during, /2-ff00:0:221 → 2-ff00:0:212 → 2-ff00:0:220 → 1-ff00:0:120 → 1-ff00:0:121 \(best BGP routes\)/);
});

test('a run that can be trusted has no banner, an invalid one says why', async () => {
  assert.doesNotMatch(visible(html), /This run is invalid/);
  const invalid = await pageOf(await newBundle({ repeat: 1, invalid: ['iperf3 ended early'] }));
  assert.match(visible(invalid), /This run is invalid: .* iperf3 ended early/);
});

test('text from files stays text', async () => {
  const question = `</style><script>alert("x")</script><img src=x onerror='y'>&amp;`;
  const page = await pageOf(await newBundle({ repeat: 1, question }));
  assert.equal(page.match(/<script/g)?.length, 1);
  assert.doesNotMatch(page, /<img src=x/);
  assert.ok(visible(page).includes(question));
});

test('the same bundle gives the same page', async () => {
  assert.equal(await pageOf(bundleFolder), html);
});

test('an event is told once, with its actual start in every pass', async () => {
  const { passes } = await readBundle(bundleFolder);
  const events = eventSummaries(passes);
  assert.deepEqual(
    events.map(({ label, event, planned, started }) => [label, event, planned, started.length]),
    [
      ['1', 'bgp.hijack', 10, 6],
      ['2', 'link.shape', 15, 6],
      ['3', 'bgp.withdraw', 20, 6],
    ],
  );
});

test('a folder that is no bundle is refused', async () => {
  await assert.rejects(makeReport(join(folder, 'nowhere')), CilionError);
});

test('a browser draws the page, and differently in light and in dark', async () => {
  const profile = await mkdtemp(join(folder, 'chromium-'));
  const run = async (theme: string): Promise<Buffer> => {
    const picture = join(profile, `${theme}.png`);
    const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
    const size = ['--hide-scrollbars', '--window-size=1280,1200', `--screenshot=${picture}`];
    await promisify(execFile)('chromium', [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`],
      ...offline,
      ...size,
      `file://${bundleFolder}/report.html#${theme}`,
    ]);
    return readFile(picture);
  };
  const light = await run('light');
  const dark = await run('dark');
  assert.equal(light.readUInt32BE(16), 1280);
  assert.notDeepEqual(light, dark);
});
