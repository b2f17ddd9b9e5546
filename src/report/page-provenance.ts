/** How the run was measured and how to repeat it, from the manifest. */
import type { Manifest } from '../results/bundle.ts';
import type { Bundle } from '../results/bundle-reader.ts';
import { STEADY_PROBES } from '../results/metrics.ts';
import { describeLoad } from './load-notes.ts';
import { type Markup, markup } from './markup.ts';
import { formatBytes, formatCount, formatSeconds } from './numbers.ts';

type Row = readonly [string, string];

export function provenanceSection(bundle: Bundle): Markup {
  const { manifest } = bundle;
  return markup`<section><h2>How this was measured</h2>
<p class="note">${definitions(manifest)}</p>
<div class="grid">
${table('Run', runRows(manifest))}
${table('Machine and tools', [...machineRows(manifest), ...Object.entries(manifest.versions)])}
${table('Mechanisms', Object.entries(manifest.mechanisms))}
${table(
  'Time outside the passes',
  Object.entries(manifest.stageSeconds).map(([stage, seconds]) => [stage, `${seconds.toFixed(2)} s`]),
)}
${table('Packets the BPF dataplane dropped, by reason, all passes', dropRows(bundle))}
${table(
  'BPF objects, SHA-256',
  Object.entries(manifest.bpf).map(([file, hash]) => [file, hash.slice(0, 16)]),
)}
${table(
  'Input files, SHA-256',
  manifest.inputs.map((input) => [input.path, `${input.sha256.slice(0, 16)} (copy: ${input.copy})`]),
)}
</div></section>`;
}

export function repeatSection({ manifest }: Bundle): Markup {
  const { git } = manifest;
  const checkout = git === null ? null : `git checkout ${git.commit}`;
  const dirty =
    git?.dirty === true
      ? markup`<p class="note">The working tree had changes that were not committed: the commit alone does not give the same code.</p>`
      : null;
  const commands = [...(checkout === null ? [] : [checkout]), manifest.command.map(quoted).join(' ')].join('\n');
  return markup`<section><h2>Repeat it</h2><div class="card">
<p>The bundle beside this page holds the inputs, all samples and the captures this page was made from. The same seed and inputs plan the same lab.</p>
<pre><code>${commands}</code></pre>${dirty}
<p style="margin:14px 0 0">To draw this page again from the bundle alone:</p>
<pre><code>./cilion report &lt;this folder&gt;</code></pre></div></section>`;
}

function definitions({ transports, repeat, durationSeconds }: Manifest): string {
  const order = transports.join(', ');
  return (
    `Each transport ran the same workloads and timeline in the same topology for ${formatSeconds(durationSeconds)}, interleaved (${order}), ${repeat} ${repeat === 1 ? 'time' : 'times'}. ` +
    'Goodput is what the receiver’s TCP delivered. A probe or request counts in the phase in which it was sent. ' +
    'Packets at the attacker are counted from the frames on its wire; “readable” means that a marker of the workload stood in the frame in clear text. ' +
    'Diverted: from the actual start of the first hijack or leak to the first packet there of a flow that did not arrive there before. ' +
    `Recovered: from the actual start of the last withdrawal or restore to the first probe that begins a row of ${STEADY_PROBES} answered ones.`
  );
}

function runRows(manifest: Manifest): Row[] {
  const { bgp, git, passes } = manifest;
  return [
    ['run', manifest.runId],
    ['scenario', manifest.scenario.file],
    ['started', manifest.startedAt],
    ['finished', manifest.finishedAt],
    ['passes', passes.map((pass) => pass.id).join(', ')],
    ...passes.map((pass): Row => [`machine in ${pass.id}`, describeLoad(pass)]),
    ['seed', String(manifest.seed)],
    ['control plane', manifest.controlPlane],
    ['BGP', `hold time ${bgp.holdSeconds} s, BFD ${bgp.bfd ? 'on' : 'off'}`],
    [
      'git',
      git === null ? 'no repository' : `${git.commit.slice(0, 12)}${git.dirty ? ', with uncommitted changes' : ''}`,
    ],
  ];
}

function machineRows({ machine }: Manifest): Row[] {
  return [['machine', `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`]];
}

function dropRows(bundle: Bundle): Row[] {
  const total = new Map<string, number>();
  for (const { drops } of bundle.summary.passes) {
    for (const [reason, count] of Object.entries(drops)) total.set(reason, (total.get(reason) ?? 0) + count);
  }
  return [...total].filter(([, count]) => count > 0).map(([reason, count]) => [reason, formatCount(count)]);
}

function table(title: string, rows: readonly Row[]): Markup | null {
  if (rows.length === 0) return null;
  return markup`<div class="card"><h3>${title}</h3><dl>${rows.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}</dl></div>`;
}

/** As a shell needs it; only for reading, nothing here runs a shell. */
function quoted(argument: string): string {
  return /^[\w./:=@%+,-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
