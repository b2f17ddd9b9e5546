/** A whole run: the lab built, each transport's passes interleaved, everything judged and written into a bundle. */
import { rm } from 'node:fs/promises';
import type { Lab } from '../emulator/lab.ts';
import { buildLab } from '../k8s/clusters/build-lab.ts';
import { makeReport } from '../report/make-report.ts';
import type { Progress } from '../report/progress.ts';
import type { Verdicts } from '../results/bundle.ts';
import { BundleWriter } from '../results/bundle-writer.ts';
import { summarise } from '../results/summary.ts';
import { judge } from '../results/verdicts.ts';
import { TRANSPORTS } from '../transports/transports.ts';
import { describeRun } from './manifest.ts';
import type { Scenario } from './model.ts';
import { missedPass, type PassResult, runPass } from './pass.ts';
import { prepareWorkloads } from './pass-workloads.ts';
import { topologyRecord } from './topology-record.ts';
import { requireShapes } from './wire-check.ts';

export interface RunOptions {
  /** Folder that holds all bundles. */
  readonly results: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Folder in which what reference services learn is kept for runs to come; none: they begin with nothing. */
  readonly keptStates?: string;
  /** As typed, for the manifest. */
  readonly command: readonly string[];
}

export interface RunResult {
  /** The bundle. */
  readonly folder: string;
  readonly verdicts: Verdicts;
  /** Why the run cannot be trusted; empty when it can. */
  readonly invalid: readonly string[];
  /** All that is wrong is that the machine was too busy. */
  readonly tooBusy: boolean;
}

/** Nothing of a run that fails or is aborted stays: no lab, no bundle. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunResult> {
  const startedAt = new Date();
  const { progress, signal } = options;
  const lab = await progress.stage('build the lab', async (detail) => {
    const { keptStates } = options;
    const kept = keptStates === undefined ? {} : { keptStates };
    const built = await buildLab(scenario, { detached: false, signal, progress: detail, ...kept });
    const { plan } = built;
    detail(
      `lab ${built.directory.id}: ${plan.ases.length} ASes, ${plan.namespaces.length} namespaces, ${plan.wires.length} shaped wires`,
    );
    return built;
  });
  let bundle: BundleWriter | undefined;
  let passes: PassResult[];
  try {
    bundle = await BundleWriter.create({
      resultsFolder: options.results,
      scenario: scenario.name,
      shortId: lab.directory.id,
      startedAt,
    });
    passes = await runPasses(scenario, lab, bundle, options);
    if (lab.reference !== undefined) await bundle.addLogs(lab.reference.logFolder);
  } catch (error) {
    if (bundle !== undefined) await rm(bundle.folder, { recursive: true, force: true });
    await progress.stage('take the lab down', () => lab.destroy());
    throw error;
  }
  return progress.stage('take the lab down, make the report', async () => {
    const down = lab.destroy();
    const results = writeResults(scenario, lab, bundle, passes, startedAt, options);
    // Should one of them fail, the other does not go on behind it.
    await Promise.allSettled([down, results]);
    await down;
    return results;
  });
}

/** What ends before the first pass is told of with that pass, so that there is a bundle that tells it. */
async function runPasses(
  scenario: Scenario,
  lab: Lab,
  bundle: BundleWriter,
  options: RunOptions,
): Promise<PassResult[]> {
  const { progress, signal } = options;
  try {
    await prepareLab(scenario, lab, options);
  } catch (error) {
    signal.throwIfAborted();
    if (!(await lab.watch.hasEnding())) throw error;
    const transport = TRANSPORTS[scenario.transports[0]!];
    const pass = await missedPass({ lab, scenario, bundle, signal, detail: () => {} }, transport, 1);
    for (const fault of pass.faults) progress.note(`  ! ${fault}`);
    return [pass];
  }
  return playPasses(scenario, lab, bundle, options);
}

async function prepareLab(scenario: Scenario, lab: Lab, { progress, signal }: RunOptions): Promise<void> {
  const learned = lab.learnPaths();
  learned.catch(() => {});
  await progress.stage('BGP converges', async (detail) => {
    const converged = lab.bgp.converge(AbortSignal.any([signal, lab.watch.signal]));
    // Should loading fail, nobody waits for it any more.
    converged.catch(() => {});
    // Loading keeps this process busy while routers and services talk.
    for (const name of scenario.transports) await TRANSPORTS[name].load?.(lab);
    const ms = await converged;
    detail(`${lab.plan.routers.length} routers after ${(ms / 1000).toFixed(1)} s`);
  });
  if (lab.plan.controlPlane === 'reference') {
    await progress.stage('SCION paths', async (detail) => {
      await learned;
      detail(describeReference(lab));
    });
  }
  await progress.stage('measure the wires', (detail) => requireShapes(lab, detail));
  lab.watch.signal.throwIfAborted();
}

/** `60 reference services, 4 paths at most between two clusters`. */
function describeReference({ reference, control, plan: { clusters } }: Lab): string {
  const counts = clusters.flatMap(({ ia }) => clusters.map((other) => control.paths(ia, other.ia).length));
  const services = `${reference?.memory().length ?? 0} reference services`;
  const since = reference?.learnedBefore === undefined ? '' : ' with what those of an earlier run have learned';
  return `${services}${since}, up to ${Math.max(...counts)} paths between clusters`;
}

/** After a pass in which a part of the run ended there is no further one. */
async function playPasses(
  scenario: Scenario,
  lab: Lab,
  bundle: BundleWriter,
  { progress, signal }: RunOptions,
): Promise<PassResult[]> {
  const passes: PassResult[] = [];
  const all = scenario.repeat * scenario.transports.length;
  const prepare = () => {
    const workloads = prepareWorkloads(scenario, lab, signal);
    // The run may end before anybody asks for them.
    workloads.catch(() => {});
    return workloads;
  };
  let next = prepare();
  for (let repetition = 1; repetition <= scenario.repeat; repetition += 1) {
    for (const name of scenario.transports) {
      signal.throwIfAborted();
      const title = scenario.repeat === 1 ? name : `${name}, ${repetition} of ${scenario.repeat}`;
      const prepared = next;
      const onStopped = () => {
        if (passes.length + 1 < all && !lab.watch.signal.aborted && !signal.aborted) next = prepare();
      };
      const pass = await progress.stage(title, (detail) =>
        runPass({ lab, scenario, bundle, signal, detail }, TRANSPORTS[name], repetition, { prepared, onStopped }),
      );
      for (const fault of [...pass.faults, ...pass.starved]) progress.note(`  ! ${fault}`);
      passes.push(pass);
      signal.throwIfAborted();
      if (lab.watch.signal.aborted) return passes;
    }
  }
  return passes;
}

async function writeResults(
  scenario: Scenario,
  lab: Lab,
  bundle: BundleWriter,
  passes: readonly PassResult[],
  startedAt: Date,
  { progress, command }: RunOptions,
): Promise<RunResult> {
  const data = passes.map((pass) => pass.data);
  const drops = new Map(passes.map((pass) => [pass.data.pass.id, pass.drops]));
  const faults = passes.flatMap((pass) => pass.faults);
  const starved = passes.flatMap((pass) => pass.starved);
  const invalid = [...faults, ...starved];
  const tooBusy = faults.length === 0 && starved.length > 0;
  const verdicts = judge(scenario.assertions, data);
  await bundle.writeSummary(summarise(data, drops));
  await bundle.writeVerdicts(verdicts);
  await bundle.writeTopology(
    topologyRecord(
      scenario,
      lab.plan,
      passes.flatMap((pass) => pass.paths),
    ),
  );
  const inputs = [];
  for (const input of scenario.inputs) inputs.push(await bundle.writeInput(input.path, input.text));
  const facts = { lab, startedAt, command, stageSeconds: progress.stageSeconds, invalid, tooBusy, inputs };
  await bundle.writeManifest(
    await describeRun(
      scenario,
      data.map(({ pass }) => pass),
      facts,
    ),
  );
  await makeReport(bundle.folder);
  return { folder: bundle.folder, verdicts, invalid, tooBusy };
}
