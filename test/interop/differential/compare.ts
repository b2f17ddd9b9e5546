/**
 * Sends the same packets to both routers and prints, as one JSON value, what became of them. Runs in the namespace around
 * the router: `compare.ts <index of the AS> <configuration folder> <router's namespace> <packets> <seed>`.
 */
import { deriveForwardingKey } from '../../../src/scion/mac.ts';
import { MASTER_KEY, TEST_ASES, type TestAs } from './autonomous-systems.ts';
import { type BasePacket, basePackets } from './base-packets.ts';
import { everyBit, everyLength, type MutatedPacket, mutateAtRandom } from './mutations.ts';
import { Random } from './random.ts';
import { BATCH, mark, type Probe, ReferenceSide } from './reference-side.ts';
import { ACCEPTED, agrees, type Comparison, endsReference, kindOf } from './verdict.ts';
import { XdpSide } from './xdp-side.ts';

export interface Report {
  readonly packets: number;
  /** Packets by what became of them. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Packets by the accepted difference's reason. */
  readonly accepted: Readonly<Record<string, number>>;
  readonly unexplained: readonly string[];
  /** Differences that were gone when the packet was sent again: what the harness lost. */
  readonly vanished: number;
}

const MAX_SHOWN = 40;
/** A difference counts that is there every time. */
const AGAIN = 3;

const key = deriveForwardingKey(Buffer.from(MASTER_KEY));

class Comparer {
  readonly #as: TestAs;
  readonly #reference: ReferenceSide;
  readonly #xdp: XdpSide;
  #sequence = 1;
  #vanished = 0;
  #packets = 0;
  readonly #kinds = new Map<string, number>();
  readonly #accepted = new Map<string, number>();
  readonly #unexplained: string[] = [];

  constructor(as: TestAs, reference: ReferenceSide, xdp: XdpSide) {
    this.#as = as;
    this.#reference = reference;
    this.#xdp = xdp;
  }

  /** At most BATCH packets of one origin. */
  async compare(packets: readonly MutatedPacket[]): Promise<void> {
    this.#packets += packets.length;
    for (const [index, comparison] of (await this.#run(packets)).entries()) {
      if (typeof comparison === 'string') {
        count(this.#accepted, comparison);
        continue;
      }
      count(this.#kinds, kindOf(comparison));
      if (!agrees(comparison)) await this.#lookAgain(packets[index]!);
    }
  }

  report(): Report {
    return {
      packets: this.#packets,
      kinds: Object.fromEntries([...this.#kinds].toSorted()),
      accepted: Object.fromEntries(this.#accepted),
      unexplained: this.#unexplained,
      vanished: this.#vanished,
    };
  }

  /** For a packet that only XDP gets, why. */
  async #run(packets: readonly MutatedPacket[]): Promise<(Comparison | string)[]> {
    const probes = packets.map((packet): Probe => {
      const sequence = this.#sequence++;
      return { ...packet, sequence, bytes: mark(packet.bytes, sequence, !packet.mutation.startsWith('cut')) };
    });
    const xdp = this.#xdp.outcomes(
      probes[0]!.origin,
      probes.map(({ bytes }) => bytes),
    );
    const kept = probes.map((probe, index) => endsReference(probe, xdp[index]!, this.#as));
    const sent = probes.filter((_, index) => kept[index] === undefined);
    const reference = await this.#reference.outcomes(sent);
    return probes.map((probe, index) => {
      return kept[index] ?? { probe, xdp: xdp[index]!, reference: reference.get(probe.sequence)! };
    });
  }

  async #lookAgain(packet: MutatedPacket): Promise<void> {
    let last: Comparison | undefined;
    for (let time = 0; time < AGAIN; time++) {
      const [again] = await this.#run([packet]);
      if (typeof again !== 'object') throw new Error('the same packet now is one for XDP alone');
      last = again;
      if (agrees(last)) {
        this.#vanished++;
        return;
      }
    }
    const accepted = ACCEPTED.find(({ applies }) => applies(last!));
    if (accepted !== undefined) count(this.#accepted, accepted.reason);
    else if (this.#unexplained.length < MAX_SHOWN) this.#unexplained.push(describe(packet, last!));
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function describe(packet: MutatedPacket, { probe, xdp, reference }: Comparison): string {
  const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? '' : Buffer.from(bytes).toString('hex'));
  return [
    `from ${packet.origin.name}, ${packet.shape}, ${packet.mutation}: ${hex(probe.bytes)}`,
    `  XDP: ${xdp.action} ${xdp.reason} ${xdp.from ?? ''} → ${xdp.to ?? ''} ${hex(xdp.payload)}`,
    ...reference.map((seen) => `  reference: ${seen.device} ${seen.from} → ${seen.to} ${hex(seen.payload)}`),
    ...(reference.length === 0 ? ['  reference: nothing'] : []),
  ].join('\n');
}

/** Every base as it is, then every bit and every length of some, then random changes of all: `total` packets. */
function* corpus(bases: readonly BasePacket[], total: number, random: Random): Generator<MutatedPacket> {
  let made = 0;
  for (const packet of unending(bases, (total + bases.length) / 2, random)) {
    if (made++ === total) return;
    yield packet;
  }
}

/** @param systematic after how many packets chance takes over */
function* unending(bases: readonly BasePacket[], systematic: number, random: Random): Generator<MutatedPacket> {
  let made = 0;
  for (const base of bases) {
    made++;
    yield { ...base, mutation: 'none' };
  }
  const shuffled = bases.map((base) => ({ base, at: random.below(2 ** 30) })).toSorted((a, b) => a.at - b.at);
  for (const { base } of shuffled) {
    if (made >= systematic) break;
    for (const packet of [...everyBit(base), ...everyLength(base)]) {
      made++;
      yield packet;
    }
  }
  for (;;) yield mutateAtRandom(random.pick(bases), random);
}

async function main([index = '', folder = '', netns = '', packets = '', seed = '']: readonly string[]): Promise<void> {
  const as: TestAs | undefined = TEST_ASES[Number(index)];
  if (as === undefined) throw new RangeError(`there is no AS ${index}`);
  const random = new Random(Number(seed));
  const xdp = await XdpSide.start(as, folder, netns);
  const reference = await ReferenceSide.start(as, key);
  const comparer = new Comparer(as, reference, xdp);
  const bases = basePackets(as, key, Math.floor(Date.now() / 1000), random);
  const batches = new Map<string, MutatedPacket[]>();
  for (const packet of corpus(bases, Number(packets), random)) {
    const batch = gather(batches, packet.origin.name);
    batch.push(packet);
    if (batch.length === BATCH) await comparer.compare(batch.splice(0));
  }
  for (const batch of batches.values()) if (batch.length > 0) await comparer.compare(batch);
  await reference.stop();
  xdp.close();
  process.stdout.write(`${JSON.stringify(comparer.report())}\n`);
}

function gather(batches: Map<string, MutatedPacket[]>, name: string): MutatedPacket[] {
  const batch = batches.get(name) ?? [];
  batches.set(name, batch);
  return batch;
}

await main(process.argv.slice(2));
