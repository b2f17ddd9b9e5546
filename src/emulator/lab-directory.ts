/**
 * Where a lab keeps what it knows on disk: `/run/cilion/<id>/`.
 *
 *   journal.ndjson   what was made, in order, written before it is made
 *   plan.json        the plan that was applied
 *   topology.json    the topology that it was made from
 *   validity.json    from when and for how long its SCION segments are valid
 *   bird/            configuration, control socket and log of each BGP speaker
 *   bpf/             a BPF file system with the lab's pinned maps
 *   wires/           configuration, control socket and log of the process that runs the wires' middles
 *   work/            output of workloads until the bundle has it
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CilionError } from '../errors.ts';
import type { Validity } from '../scion/control-plane.ts';
import { topologyFromJson, topologyToJson } from '../topology/json.ts';
import type { Topology } from '../topology/model.ts';
import type { Plan } from './plan.ts';

export const STATE_ROOT = '/run/cilion';
const NETNS_ROOT = '/run/netns';
const ID_LENGTH = 5;

export class LabDirectory {
  readonly id: string;
  readonly root: string;

  private constructor(id: string) {
    this.id = id;
    this.root = join(STATE_ROOT, id);
  }

  /** A directory with a fresh id; nobody else can have it. */
  static create(): LabDirectory {
    mkdirSync(STATE_ROOT, { recursive: true });
    for (;;) {
      const lab = new LabDirectory(freshId());
      if (existsSync(lab.root)) continue;
      mkdirSync(lab.root);
      for (const part of ['bird', 'wires', 'work']) mkdirSync(join(lab.root, part));
      return lab;
    }
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
    return existsSync(STATE_ROOT) ? readdirSync(STATE_ROOT).sort() : [];
  }

  path(...parts: readonly string[]): string {
    return join(this.root, ...parts);
  }

  /** Name of a namespace of the plan in `ip netns`. */
  namespaceName(namespace: string): string {
    return `cil-${this.id}-${namespace}`;
  }

  /** File by which a process enters the namespace. */
  netns(namespace: string): string {
    return join(NETNS_ROOT, this.namespaceName(namespace));
  }

  /** What the lab was built from, for commands that look into it. */
  keep(plan: Plan, topology: Topology, validity: Validity): void {
    writeFileSync(this.path('topology.json'), topologyToJson(topology));
    writeFileSync(this.path('validity.json'), JSON.stringify(validity));
    writeFileSync(this.path('plan.json'), JSON.stringify(plan));
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
