/** `cilion bench bringup`: how long labs of growing size take until a packet gets through, and what memory they take. */
import { loadavg } from 'node:os';
import { Lab } from '../emulator/lab.ts';
import type { Plan } from '../emulator/plan.ts';
import { planLab } from '../emulator/plan-lab.ts';
import { LabError } from '../errors.ts';
import { answersPing } from '../process/ping.ts';
import { formatBytes } from '../report/numbers.ts';
import { seededRandom } from '../results/statistics.ts';
import type { ControlPlaneKind, Scenario } from '../scenario/model.ts';
import { TRANSPORTS } from '../transports/transports.ts';
import { BgpWatcher } from './bgp-watcher.ts';
import type { BringupSample } from './bringup-bundle.ts';
import { treeScenario } from './bringup-topology.ts';
import { availableMemory, labMemory } from './lab-memory.ts';
import { shuffled } from './router-bench.ts';

export interface BringupSettings {
  /** Numbers of ASes, by control plane. */
  readonly sizes: Readonly<Record<ControlPlaneKind, readonly number[]>>;
  /** Most edge ASes that are clusters. */
  readonly clusters: number;
  readonly blocks: number;
  readonly seed: number;
}

export interface BringupOptions {
  readonly signal: AbortSignal;
  readonly stage: <T>(name: string, body: (detail: (text: string) => void) => Promise<T>) => Promise<T>;
  readonly onSample: (sample: BringupSample) => void;
}

/** After programs are attached, a packet that is not answered by then never will be. */
const FIRST_PACKET_LIMIT_MS = 30_000;
/** Rough, and rather too much: what is checked for before a lab is begun. Bytes an AS; BIRD's tables grow with the internet. */
const NEEDED = {
  computed: (ases: number) => (8 + ases / 200) * 2 ** 20,
  reference: (ases: number) => (200 + ases / 200) * 2 ** 20,
} as const;

export async function runBringupBench(settings: BringupSettings, options: BringupOptions): Promise<void> {
  const { sizes, clusters, blocks, seed } = settings;
  const kinds = (Object.keys(sizes) as ControlPlaneKind[]).flatMap((controlPlane) =>
    sizes[controlPlane].map((ases) => ({ controlPlane, ases })),
  );
  const random = seededRandom(seed);
  for (let block = 0; block < blocks; block++) {
    for (const { controlPlane, ases } of shuffled(kinds, random)) {
      options.signal.throwIfAborted();
      const name = `${ases} ASes, ${controlPlane}${blocks === 1 ? '' : `, ${block + 1} of ${blocks}`}`;
      await options.stage(name, async (detail) => {
        requireMemory(ases, controlPlane, availableMemory());
        const scenario = treeScenario(ases, clusters, { controlPlane, seed });
        const sample = await bringUp(scenario, block, options.signal);
        detail(
          `first packet after ${sample.firstPacket.toFixed(1)} s, BGP converged after ${sample.bgpConverged.toFixed(1)} s`,
        );
        options.onSample(sample);
      });
    }
  }
}

type Moments = Pick<BringupSample, 'pathsKnown' | 'loaded' | 'attached' | 'firstPacket'>;

async function bringUp(scenario: Scenario, block: number, signal: AbortSignal): Promise<BringupSample> {
  const { topology, controlPlane } = scenario;
  const available = availableMemory();
  const loadAverage = loadavg()[0]!;
  const watcher = await BgpWatcher.start();
  const releases: (() => unknown)[] = [() => watcher.stop()];
  const start = process.hrtime.bigint();
  const since = (at: bigint) => Number(at - start) / 1e9;
  const now = () => since(process.hrtime.bigint());
  let lab: Lab | undefined;
  let sample: Omit<BringupSample, 'takenDown'>;
  let end: number;
  try {
    const plan = planLab(scenario);
    const planned = now();
    lab = await Lab.build(plan, { topology, detached: false, signal });
    const built = now();
    const failed = new AbortController();
    const ended = AbortSignal.any([signal, lab.watch.signal, failed.signal]);
    const both = [
      watcher.converged(lab.directory.id, ended),
      untilFirstPacket(lab, { now, signal: ended, onRelease: (release) => releases.push(release) }),
    ] as const;
    for (const each of both) each.catch((error: unknown) => failed.abort(error));
    // Should one fail, what the other has begun is released only when it is there.
    await Promise.allSettled(both);
    const [convergedAt, moments] = await Promise.all(both);
    const times = { planned, built, ...moments, bgpConverged: since(convergedAt) };
    const size = { ases: topology.ases.length, clusters: plan.clusters.length, links: plan.links.length };
    sample = {
      kind: 'bringup',
      block,
      controlPlane,
      ...size,
      ...times,
      memory: labMemory(lab, available),
      loadAverage,
    };
    end = now();
  } finally {
    for (const release of releases) await release();
    await lab?.destroy();
  }
  return { ...sample, takenDown: now() - end };
}

interface Way {
  /** Seconds since planning began. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onRelease: (release: () => void) => void;
}

/** From a lab that stands to a packet over CilION that is answered. Paths need no BGP: it goes on meanwhile. */
async function untilFirstPacket(lab: Lab, { now, signal, onRelease }: Way): Promise<Moments> {
  await lab.learnPaths();
  const pathsKnown = now();
  await TRANSPORTS.cilion.load?.(lab);
  const loaded = now();
  const transport = await TRANSPORTS.cilion.attach(lab);
  onRelease(() => transport.release());
  const attached = now();
  const [from, to] = farthest(lab.plan);
  for (const limit = performance.now() + FIRST_PACKET_LIMIT_MS; performance.now() < limit; ) {
    if (await answersPing(lab.netns(from), to, { signal })) {
      return { pathsKnown, loaded, attached, firstPacket: now() };
    }
  }
  const drops = Object.entries(transport.drops()).map(([reason, packets]) => `${reason} ${packets}`);
  throw new LabError(
    `no packet gets from one cluster to another of ${lab.plan.ases.length} ASes; dropped: ${drops.join(', ') || 'none'}`,
  );
}

/** Namespace of a pod of the first cluster, address of one of the last. */
function farthest({ clusters }: Plan): [string, string] {
  const [from, to] = [clusters[0]?.pods[0], clusters.at(-1)?.pods[0]];
  if (from === undefined || to === undefined) throw new LabError('the internet has no two clusters');
  return [from.namespace, to.address];
}

/** The kernel would end processes of others first. */
function requireMemory(ases: number, controlPlane: ControlPlaneKind, available: number): void {
  const needed = ases * NEEDED[controlPlane](ases);
  if (needed <= available) return;
  throw new LabError(
    `${ases} ASes (${controlPlane}) can take ${formatBytes(needed)}, and ${formatBytes(available)} of memory are free`,
    { hint: 'fewer ASes: --sizes, --reference-sizes' },
  );
}
