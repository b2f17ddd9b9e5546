/** A small internet of namespaces, one BIRD in each: what the BGP tests run on. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BgpRouter, type BgpState, HONEST, type NeighborKind, renderBirdConfig } from '../../src/bgp/config.ts';
import { BirdControl, birdCommand } from '../../src/bgp/control.ts';
import { follow, type Journey } from '../../src/bgp/follow.ts';
import { type Running, run, start } from '../../src/process/process.ts';

export interface InternetLink<Name extends string> {
  readonly a: Name;
  readonly b: Name;
  /** What b is to a, and a to b. */
  readonly kinds: readonly [NeighborKind, NeighborKind];
}

export class Internet<Name extends string> {
  readonly controls = new Map<string, BirdControl>();
  /** Address of a session's end → router. */
  readonly owners = new Map<string, string>();
  directory = '';
  readonly #numbers: Readonly<Record<Name, number>>;
  readonly #links: readonly InternetLink<Name>[];
  readonly #birds: Running[] = [];

  /** @param numbers Of the AS; routers with the same number are one AS and originate the same prefix. */
  constructor(numbers: Readonly<Record<Name, number>>, links: readonly InternetLink<Name>[]) {
    this.#numbers = numbers;
    this.#links = links;
  }

  get names(): Name[] {
    return Object.keys(this.#numbers) as Name[];
  }

  netns = (name: Name) => `/run/netns/${this.#namespace(name)}`;
  prefix = (name: Name) => `10.${this.#numbers[name]}.0.0/16`;
  host = (name: Name) => `10.${this.#numbers[name]}.0.${this.names.indexOf(name) + 1}`;
  asn = (name: Name) => 4_200_000_000 + this.#numbers[name];
  #namespace = (name: Name) => `ctbgp${process.pid}-${name}`;

  router(name: Name): BgpRouter {
    const sessions = this.#links.flatMap(({ a, b, kinds }, index) => {
      if (a !== name && b !== name) return [];
      const [other, kind, near, far] = a === name ? ([b, kinds[0], 0, 1] as const) : ([a, kinds[1], 1, 0] as const);
      return {
        name: `to_${other}`,
        kind,
        localAddress: `172.16.0.${index * 2 + near}`,
        neighborAddress: `172.16.0.${index * 2 + far}`,
        interface: `to-${other}`,
        neighborAsn: this.asn(other),
      };
    });
    const loopback = this.host(name);
    return {
      routerId: loopback,
      asn: this.asn(name),
      loopback,
      prefixes: [this.prefix(name)],
      sessions,
      holdSeconds: 9,
      bfd: true,
    };
  }

  control(name: string): BirdControl {
    const control = this.controls.get(name);
    assert.ok(control);
    return control;
  }

  async become(name: Name, state: Partial<BgpState>): Promise<void> {
    const file = join(this.directory, `${name}.conf`);
    await writeFile(file, renderBirdConfig(this.router(name), { ...HONEST, ...state }));
    await this.control(name).configure(file);
  }

  journey(from: Name, address: string): Promise<Journey> {
    return follow(from, address, (router, to) => this.control(router).routeTo(to), this.owners);
  }

  awaitJourney(from: Name, address: string, routers: readonly Name[]): Promise<number> {
    const arrived = async () => (await this.journey(from, address)).routers.join() === routers.join();
    return awaitThat(`${from} → ${routers.join(' → ')}`, arrived);
  }

  async up(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'ctbgp-'));
    for (const name of this.names) await this.#addRouter(name);
    for (const [index, link] of this.#links.entries()) await this.#addLink(link, index);
    for (const name of this.names) await this.#startBird(name);
  }

  async down(): Promise<void> {
    for (const control of this.controls.values()) control.close();
    await Promise.all(this.#birds.map((bird) => bird.stop()));
    for (const name of this.names) await run(['ip', 'netns', 'delete', this.#namespace(name)]).catch(() => {});
    await rm(this.directory, { recursive: true, force: true });
  }

  async #addRouter(name: Name): Promise<void> {
    await run(['ip', 'netns', 'add', this.#namespace(name)]);
    const inside = { netns: this.netns(name) };
    const settings = ['ip_forward=1', 'conf.all.rp_filter=0', 'conf.default.rp_filter=0'].map(
      (setting) => `net.ipv4.${setting}`,
    );
    await run(['sysctl', '-qw', ...settings], inside);
    await run(['ip', 'link', 'set', 'lo', 'up'], inside);
    await run(['ip', 'address', 'add', `${this.host(name)}/32`, 'dev', 'lo'], inside);
  }

  async #addLink({ a, b }: InternetLink<Name>, index: number): Promise<void> {
    const [one, two] = [this.#namespace(a), this.#namespace(b)];
    await run(['ip', 'link', 'add', `to-${b}`, 'netns', one, 'type', 'veth', 'peer', 'name', `to-${a}`, 'netns', two]);
    for (const [name, other, end] of [
      [a, b, 0],
      [b, a, 1],
    ] as const) {
      const address = `172.16.0.${index * 2 + end}`;
      this.owners.set(address, name);
      await run(['ip', 'address', 'add', `${address}/31`, 'dev', `to-${other}`], { netns: this.netns(name) });
      await run(['ip', 'link', 'set', `to-${other}`, 'up'], { netns: this.netns(name) });
    }
  }

  async #startBird(name: Name): Promise<void> {
    const path = (suffix: string) => join(this.directory, `${name}.${suffix}`);
    const files = { config: path('conf'), socket: path('ctl'), pid: path('pid') };
    await writeFile(files.config, renderBirdConfig(this.router(name), HONEST));
    this.#birds.push(start(birdCommand(files), { netns: this.netns(name), stderrFile: path('log') }));
    this.controls.set(name, await BirdControl.open(files.socket));
  }
}

/** Resolves to the milliseconds until `holds`; the poll is what is measured, so it has no pause. */
export async function awaitThat(what: string, holds: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  while (!(await holds())) assert.ok(performance.now() - started < 10_000, `not within 10 s: ${what}`);
  return performance.now() - started;
}
