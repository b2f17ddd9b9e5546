/**
 * The BGP of a running lab: one BIRD in each router's namespace, what each AS does right now, and where packets go.
 * An attack is the attacker's configuration rendered again and read by BIRD.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { LabError } from '../errors.ts';
import { inParallel } from '../process/parallel.ts';
import { type Running, start } from '../process/process.ts';
import type { IsdAs } from '../topology/model.ts';
import { type BgpRouter, type BgpState, type Hijack, HONEST, renderBirdConfig } from './config.ts';
import { BirdControl, birdCommand } from './control.ts';
import { awaitConvergence } from './convergence.ts';
import { follow, type Journey } from './follow.ts';

/** A router with the place where it runs. */
export interface BgpSpeaker {
  /** Unique in the lab. */
  readonly name: string;
  readonly ia: IsdAs;
  readonly netns: string;
  readonly router: BgpRouter;
  /** Path without ending; `.conf`, `.ctl`, `.pid` and `.log` are added. */
  readonly files: string;
}

const START_DEADLINE_MS = 5000;
const CONVERGENCE_DEADLINE_MS = 60_000;
/** All BIRDs start at once, and share the machine's cores: how much longer each makes the others wait, at most. */
const FOR_EACH_ROUTER_MS = 200;

export class BgpPlane {
  readonly #speakers: readonly BgpSpeaker[];
  readonly #controls = new Map<string, BirdControl>();
  readonly #states = new Map<IsdAs, BgpState>();
  readonly #owners = new Map<string, string>();
  readonly processes = new Map<string, Running>();

  private constructor(speakers: readonly BgpSpeaker[]) {
    this.#speakers = speakers;
    for (const { name, router } of speakers) {
      for (const session of router.sessions) this.#owners.set(session.localAddress, name);
    }
  }

  /** Starts every BIRD and connects to it. `detached`: they go on after this process. */
  static async start(speakers: readonly BgpSpeaker[], options: { detached: boolean }): Promise<BgpPlane> {
    const plane = new BgpPlane(speakers);
    for (const speaker of speakers) {
      writeConfig(speaker, HONEST);
      const { files, netns } = speaker;
      const argv = birdCommand({ config: `${files}.conf`, socket: `${files}.ctl`, pid: `${files}.pid` });
      plane.processes.set(speaker.name, start(argv, { netns, stderrFile: `${files}.log`, detached: options.detached }));
    }
    await plane.#connect();
    return plane;
  }

  /** Connects to the BIRDs of a lab that another process started. */
  static async attach(speakers: readonly BgpSpeaker[]): Promise<BgpPlane> {
    const plane = new BgpPlane(speakers);
    const absent = speakers.find(({ files }) => !existsSync(`${files}.ctl`));
    if (absent !== undefined) throw new LabError(`no BIRD runs for ${absent.name}`);
    await plane.#connect();
    return plane;
  }

  async #connect(): Promise<void> {
    await inParallel(
      this.#speakers,
      async ({ name, files }) => {
        this.#controls.set(name, await BirdControl.open(`${files}.ctl`, this.#within(START_DEADLINE_MS)));
      },
      32,
    );
  }

  #within(deadlineMs: number): number {
    return deadlineMs + FOR_EACH_ROUTER_MS * this.#speakers.length;
  }

  /** Resolves when every router has a route to every AS's prefix and to nothing else; returns milliseconds. */
  converge(signal?: AbortSignal): Promise<number> {
    const options = { exactly: true, ...(signal === undefined ? {} : { signal }) };
    const prefixes = new Set(this.#speakers.flatMap(({ router }) => router.prefixes));
    return awaitConvergence(this.#controls, [...prefixes], this.#within(CONVERGENCE_DEADLINE_MS), options);
  }

  hijack(by: IsdAs, hijack: Hijack): Promise<void> {
    const state = this.#state(by);
    return this.#become(by, { ...state, hijacks: [...state.hijacks, hijack] });
  }

  leak(by: IsdAs): Promise<void> {
    return this.#become(by, { ...this.#state(by), leaking: true });
  }

  /** Ends the AS's attacks; an AS that attacks nobody withdraws its own prefix. */
  withdraw(by: IsdAs): Promise<void> {
    const { hijacks, leaking } = this.#state(by);
    const attacks = hijacks.length > 0 || leaking;
    return this.#become(by, attacks ? HONEST : { ...HONEST, withdrawn: true });
  }

  /** Every AS honest again, and BGP converged. */
  async reset(signal?: AbortSignal): Promise<void> {
    for (const [ia, state] of this.#states) if (state !== HONEST) await this.#become(ia, HONEST);
    await this.converge(signal);
  }

  /** Where packets for an address go, router by router, right now. */
  follow(from: string, address: string): Promise<Journey> {
    return follow(from, address, (router, to) => this.#control(router).routeTo(to), this.#owners);
  }

  /** The AS of a router. */
  iaOf(name: string): IsdAs {
    const speaker = this.#speakers.find((candidate) => candidate.name === name);
    if (speaker === undefined) throw new LabError(`no router ${name}`);
    return speaker.ia;
  }

  get version(): string {
    return [...this.#controls.values()][0]?.version ?? 'none';
  }

  close(): void {
    for (const control of this.#controls.values()) control.close();
  }

  #state(ia: IsdAs): BgpState {
    return this.#states.get(ia) ?? HONEST;
  }

  async #become(ia: IsdAs, state: BgpState): Promise<void> {
    const speakers = this.#speakers.filter((speaker) => speaker.ia === ia);
    if (speakers.length === 0) throw new LabError(`no router of ${ia} speaks BGP`);
    this.#states.set(ia, state);
    for (const speaker of speakers) writeConfig(speaker, state);
    await Promise.all(speakers.map(({ name, files }) => this.#control(name).configure(`${files}.conf`)));
  }

  #control(name: string): BirdControl {
    const control = this.#controls.get(name);
    if (control === undefined) throw new LabError(`no router ${name}`);
    return control;
  }
}

function writeConfig({ files, router }: BgpSpeaker, state: BgpState): void {
  writeFileSync(`${files}.conf`, renderBirdConfig(router, state));
}
