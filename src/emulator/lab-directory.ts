/**
 * Where a lab keeps what it knows on disk: `/run/cilion/<id>/`.
 *
 *   owner.json       the process that made it, and how far it came
 *   journal.ndjson   what was made, in order, written before it is made
 *   plan.json        the plan that was applied, with the policies and pods' labels that are in force
 *   topology.json    the topology that it was made from
 *   validity.json    from when and for how long its SCION segments are valid
 *   bird/            configuration, control socket and log of each BGP speaker
 *   bpf/             a BPF file system with the lab's pinned maps
 *   wires/           configuration, control socket and log of the process that runs the wires' middles
 *   work/            output of workloads until the bundle has it
 *   docker/, kind/   where clusters are kind's: socket and log of the lab's dockerd, access to each cluster
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CilionError } from '../errors.ts';
import type { Validity } from '../scion/control-plane.ts';
import { topologyFromJson, topologyToJson } from '../topology/json.ts';
import type { Topology } from '../topology/model.ts';
import { type LabOwner, type LabState, readOwner, stateOf, thisProcess, writeOwner } from './lab-owner.ts';
import { NETNS_ROOT } from './namespace-processes.ts';
import type { Plan } from './plan.ts';

export const STATE_ROOT = '/run/cilion';
/** Where a lab keeps what is too large for a file system in memory. */
export const DATA_ROOT = '/var/lib/cilion';
const ID_LENGTH = 5;
/** Part of the names of folders, namespaces and devices, which have 15 characters in all. */
const ID = /^[a-z0-9]{1,8}$/;

export const NAMESPACE_PREFIX = 'cil-';

export class LabDirectory {
  readonly id: string;
  readonly root: string;

  private constructor(id: string) {
    this.id = id;
    this.root = join(STATE_ROOT, id);
  }

  /**
   * A directory that nobody else can have.
   * @param id Default: a fresh one.
   * @throws CilionError (exit code 2) when the id is none, or taken: it says by whom.
   */
  static create(id?: string): LabDirectory {
    if (id !== undefined && !ID.test(id)) {
      throw new CilionError(`"${id}" cannot be a lab's id`, {
        exitCode: 2,
        hint: 'one to eight lower-case letters and digits',
      });
    }
    for (;;) {
      const lab = new LabDirectory(id ?? freshId());
      if (lab.#make()) return lab;
      if (id !== undefined) throw taken(lab);
    }
  }

  #make(): boolean {
    try {
      mkdirSync(STATE_ROOT, { recursive: true });
      mkdirSync(this.root);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return false;
      // The last lab's end removed the folder that holds them all.
      if (code === 'ENOENT') return this.#make();
      throw error;
    }
    writeOwner(this.root, thisProcess());
    for (const part of ['bird', 'wires', 'work']) mkdirSync(join(this.root, part));
    return true;
  }

  /** @throws CilionError (exit code 2) that lists the labs there are. */
  static open(id: string): LabDirectory {
    const ids = LabDirectory.list();
    if (!ids.includes(id)) {
      const known = ids.length === 0 ? 'no lab exists' : `labs: ${ids.join(', ')}`;
      throw new CilionError(`there is no lab "${id}"`, { exitCode: 2, hint: `${known}; \`cilion ls\` shows them` });
    }
    return new LabDirectory(id);
  }

  static list(): string[] {
    if (!existsSync(STATE_ROOT)) return [];
    return readdirSync(STATE_ROOT)
      .filter((name) => ID.test(name))
      .sort();
  }

  /** Every lab there is; one that is taken down meanwhile has no owner and no files. */
  static all(): LabDirectory[] {
    return LabDirectory.list().map((id) => new LabDirectory(id));
  }

  path(...parts: readonly string[]): string {
    return join(this.root, ...parts);
  }

  /** What the names of the lab's namespaces begin with, and no other lab's do. */
  get namespacePrefix(): string {
    return `${NAMESPACE_PREFIX}${this.id}-`;
  }

  owner(): LabOwner | undefined {
    return readOwner(this.root);
  }

  state(): LabState {
    return stateOf(this.owner());
  }

  /** Says how far the lab's making has come. */
  enter(phase: LabOwner['phase']): void {
    writeOwner(this.root, { ...(this.owner() ?? thisProcess()), phase });
  }

  /** Name of a namespace of the plan in `ip netns`. */
  namespaceName(namespace: string): string {
    return `${this.namespacePrefix}${namespace}`;
  }

  /** File by which a process enters the namespace. */
  netns(namespace: string): string {
    return join(NETNS_ROOT, this.namespaceName(namespace));
  }

  /** What the lab was built from, for commands that look into it. */
  keep(plan: Plan, topology: Topology, validity: Validity): void {
    writeFileSync(this.path('topology.json'), topologyToJson(topology));
    writeFileSync(this.path('validity.json'), JSON.stringify(validity));
    this.keepPlan(plan);
  }

  /** The plan of a lab whose policies or pods' labels are others from now on. Nobody ever reads half of it. */
  keepPlan(plan: Plan): void {
    const file = this.path('plan.json');
    writeFileSync(`${file}.new`, JSON.stringify(plan));
    renameSync(`${file}.new`, file);
  }

  /** The plan is the last of what `keep` writes. */
  isPlanned(): boolean {
    return existsSync(this.path('plan.json'));
  }

  plan(): Plan {
    return JSON.parse(readFileSync(this.path('plan.json'), 'utf8')) as Plan;
  }

  topology(): Topology {
    return topologyFromJson(readFileSync(this.path('topology.json'), 'utf8'));
  }

  validity(): Validity {
    return JSON.parse(readFileSync(this.path('validity.json'), 'utf8')) as Validity;
  }
}

function freshId(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
  return [...randomBytes(ID_LENGTH)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

function taken(lab: LabDirectory): CilionError {
  const owner = lab.owner();
  const by = owner === undefined ? '' : `, made by \`${owner.command}\` (pid ${owner.pid})`;
  return new CilionError(`there is a lab "${lab.id}" already: ${lab.state()}${by}`, {
    exitCode: 2,
    hint: `\`cilion destroy ${lab.id}\` takes it down`,
  });
}
