/** What a page says of each kind of bench: the answer, charts, tables. */
import { type Markup, markup } from '../../report/markup.ts';
import type {
  BenchSummary,
  GateSummary,
  ProgSummary,
  RatioRow,
  RouterSummary,
  SelftestSummary,
} from '../bench-bundle.ts';
import { barChart } from './bar-chart.ts';
import {
  formatChange,
  formatInterval,
  formatNs,
  formatRate,
  formatShare,
  formatTimes,
  gateSentence,
} from './bench-numbers.ts';
import { bringupAnswer, bringupSections } from './bringup-report.ts';
import { goodputAnswer, latencyAnswer } from './chain-numbers.ts';
import { goodputSections, latencySections } from './chain-sections.ts';

export function answerOf(summary: BenchSummary): string {
  switch (summary.bench) {
    case 'router': {
      const row = summary.rows.find(({ ratios, cores }) => cores === 1 && ratios['redirect'] !== undefined);
      if (row === undefined) return 'Packets a second of a core, by case.';
      return `${row.case}: the border router forwards ${formatRate(row.rates['cilion']!.estimate)} on one core, ${formatTimes(row.ratios['redirect']!)} of a bare XDP redirect.`;
    }
    case 'prog':
      return 'Each program alone, without devices: nanoseconds a packet, and instructions executed, which no noise touches.';
    case 'gate':
      return gateSentence(summary);
    case 'selftest': {
      const same = summary.rows.find(({ slowdown }) => slowdown === 0)!;
      const five = summary.rows.find(({ slowdown }) => slowdown === 0.05);
      const caught =
        five === undefined
          ? ''
          : ` A slow-down of 5 % was caught in ${formatInterval(five.share, formatShare)} of ${five.runs} runs.`;
      return `False alarms: ${formatInterval(same.share, formatShare)} of ${same.runs} runs.${caught}`;
    }
    case 'goodput':
      return goodputAnswer(summary);
    case 'latency':
      return latencyAnswer(summary);
    case 'bringup':
      return bringupAnswer(summary);
  }
}

export function sectionsOf(summary: BenchSummary): Markup {
  switch (summary.bench) {
    case 'router':
      return routerSections(summary);
    case 'prog':
      return progSections(summary);
    case 'gate':
      return gateSections(summary);
    case 'selftest':
      return selftestSections(summary);
    case 'goodput':
      return goodputSections(summary);
    case 'latency':
      return latencySections(summary);
    case 'bringup':
      return bringupSections(summary);
  }
}

function routerSections({ rows }: RouterSummary): Markup {
  const others = [...new Set(rows.flatMap(({ ratios }) => Object.keys(ratios)))];
  const withRatio = rows.filter(({ ratios, cores }) => cores === 1 && ratios['redirect'] !== undefined);
  return markup`<section><h2>Share of a bare XDP redirect</h2>
${barChart({
  title: 'Throughput of the border router ÷ that of a bare XDP redirect with a MAC rewrite, one core; 95 % intervals',
  bars: withRatio.map((row) => ({
    label: row.case,
    value: row.ratios['redirect']!,
    tone: 'own',
    text: formatTimes(row.ratios['redirect']!),
  })),
  mark: { value: 1, label: 'bare redirect' },
})}</section>
${rows.slice(0, 2).map((row) => subjectChart(row))}
<section><h2>All cases</h2><p class="note">Packets a second of the cores named, and the border router’s throughput ÷ that of each other. Medians over blocks with 95 % bootstrap intervals; each block measures everything beside each other. A case is kind / paths / bytes of payload: “few” are eight paths, “cold” means that no hop field of a packet has been seen lately.</p>
<div class="card scroll"><table><thead><tr><th>case</th><th>cores</th><th>frame</th><th>cilion</th>${others.map((name) => markup`<th>÷ ${name}</th>`)}<th>lost</th></tr></thead>
<tbody>${rows.map((row) => markup`<tr><th>${row.case}</th><td>${row.cores}</td><td>${row.frameBytes} B</td><td>${row.rates['cilion'] === undefined ? '–' : formatInterval(row.rates['cilion'], formatRate)}</td>${others.map((name) => markup`<td>${row.ratios[name] === undefined ? '–' : formatTimes(row.ratios[name])}</td>`)}<td>${formatShare(row.loss)}</td></tr>`)}</tbody></table></div></section>`;
}

function subjectChart(row: RatioRow): Markup {
  const bars = Object.entries(row.rates)
    .toSorted(([, a], [, b]) => b.estimate - a.estimate)
    .map(([subject, value]) => ({
      label: subject,
      value,
      tone: subject === 'cilion' ? ('own' as const) : ('other' as const),
      text: formatRate(value.estimate),
    }));
  return barChart({
    title: `Packets a second, ${row.case}, ${row.cores === 1 ? 'one core' : `${row.cores} cores`}`,
    bars,
  });
}

function progSections({ rows, programs }: ProgSummary): Markup {
  return markup`<section><h2>Nanoseconds a packet</h2>
${barChart({ title: 'Net of what makes the packet new again before each run; 95 % intervals', bars: rows.map((row) => ({ label: `${row.program} ${row.case}`, value: row.ns, tone: 'own', text: `${formatNs(row.ns.estimate)} ns` })) })}
<div class="card scroll"><table><thead><tr><th>program</th><th>case</th><th>ns a packet</th><th>instructions executed</th><th>ends with</th></tr></thead>
<tbody>${rows.map((row) => markup`<tr><th>${row.program}</th><td>${row.case}</td><td>${formatInterval(row.ns, formatNs)}</td><td>${row.instructions ?? '–'}</td><td>${row.verdict}</td></tr>`)}</tbody></table></div>
<h2>Size</h2><div class="card scroll"><table><thead><tr><th>program</th><th>bytes after JIT</th><th>instructions the verifier walked</th></tr></thead>
<tbody>${programs.map((each) => markup`<tr><th>${each.program}</th><td>${each.jitedBytes}</td><td>${each.verifiedInstructions}</td></tr>`)}</tbody></table></div></section>`;
}

function gateSections({ decision, rules }: GateSummary): Markup {
  return markup`<section><h2>Change of the time a packet takes</h2>
${barChart({
  title: `By case, with intervals at the level of the look at ${decision.blocks} blocks; negative is faster`,
  bars: decision.cases.map(({ name, change, verdict }) => ({
    label: name,
    value: change,
    tone: 'own',
    text: `${formatChange(change.estimate)}, ${verdict}`,
  })),
  mark: { value: rules.margin, label: formatChange(rules.margin) },
})}
${decision.drift.map((sentence) => markup`<p class="note">${sentence}</p>`)}
<p class="note">Wrong with probability ${formatShare(rules.alpha)} at most, over all cases and looks (at ${rules.looks.join(', ')} blocks; each look has its part of that). Differences up to ${formatShare(rules.tolerance)} are never called slower or faster.</p></section>`;
}

function selftestSections({ rows, rules }: SelftestSummary): Markup {
  return markup`<section><h2>Power curve</h2>
${barChart({
  title: 'Share of runs that called the two different; 95 % intervals (Clopper and Pearson)',
  bars: rows.map((row) => ({
    label: row.slowdown === 0 ? 'the same' : `${formatChange(row.slowdown)} compiled in`,
    value: row.share,
    tone: row.slowdown === 0 ? 'other' : 'own',
    text: `${formatShare(row.share.estimate)} of ${row.runs}`,
  })),
  mark: { value: 0.95, label: '95 %' },
})}
<div class="card scroll"><table><thead><tr><th>compiled in</th><th>measured</th><th>runs</th><th>slower</th><th>faster</th><th>same</th><th>undecided</th><th>blocks</th><th>seconds a run</th></tr></thead>
<tbody>${rows.map((row) => markup`<tr><th>${row.slowdown === 0 ? 'nothing' : formatChange(row.slowdown)}</th><td>${formatChange(row.measured)}</td><td>${row.runs}</td>${['slower', 'faster', 'same', 'undecided'].map((verdict) => markup`<td>${row.verdicts[verdict] ?? 0}</td>`)}<td>${row.blocks}</td><td>${row.seconds.toFixed(0)}</td></tr>`)}</tbody></table></div>
<p class="note">Promised: false alarms ${formatShare(rules.alpha)} at most, and a slow-down of 5 % caught 95 times in 100.</p></section>`;
}
