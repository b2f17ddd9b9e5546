import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bpfObject, buildAll } from '../../src/dataplane/build.ts';
import { structCodec, u32 } from '../../src/dataplane/layout.ts';
import { layouts, type WireConfig, type WireEntry } from '../../src/dataplane/layouts.gen.ts';
import { native } from '../../src/native.ts';
import type { Random } from './random.ts';
import { XDP_ACTIONS } from './rounds.ts';
import { printed, randomOf, seedFromEnvironment } from './seed.ts';

await buildAll();

const ROUNDS = 200;
const FRAMES = 250;
const SLOTS = 256;
const LOOPBACK = 1;
const OUT = 77;
const LONGEST_KEPT = 1520;

const configCodec = structCodec(layouts.wire_config);
const stateCodec = structCodec(layouts.wire_state);
const frameCodec = structCodec(layouts.wire_frame);

const object = native().openObject(bpfObject('wire'));
object.setMaxEntries('wire_ring', SLOTS);
object.setMaxEntries('wire_port', LOOPBACK + 1);
object.load();
const program = object.program('wire');
object.map('wire_port').update(u32(LOOPBACK), u32(1));

const NOTHING: WireEntry = {
  head: 0n,
  last_due: 0n,
  busy_until: 0n,
  busy_fraction: 0n,
  random: 1n,
  packets: 0n,
  bytes: 0n,
  lost: 0n,
  queue_full: 0n,
  ring_full: 0n,
  cut: 0n,
  oversize: 0n,
  capture_missed: 0n,
};
const NOBODY = { tail: 0n, packets: 0n, bytes: 0n, cut: 0n, refused: 0n, capture_missed: 0n };

/** Without a rate limit, whose queue depends on when the frames run. */
function configOf(random: Random): WireConfig {
  return {
    delay_ns: random.pick([0n, 0n, 1n, 20_000_000n]),
    jitter_ns: random.pick([0n, 0n, 1000n]),
    byte_time: 0n,
    queue_ns: 0n,
    loss_ppm: random.pick([0, 0, 1, 250_000, 999_999, 1_000_000]),
    cut: random.once(8) ? 1 : 0,
    capture_bytes: 0,
    out_ifindex: OUT,
    first_slot: 0,
    slots: random.pick([SLOTS, SLOTS, 64, 0]),
    max_length: random.pick([1514, 1514, 9000, 200]),
  };
}

type Fate = 'cut' | 'oversize' | 'lost' | 'ring_full' | 'crossed' | 'held';

/** One draw a frame decides about loss, in the order in which the frames come. */
class ModelWire {
  #random: bigint;
  held = 0;
  readonly config: WireConfig;

  constructor(config: WireConfig, random: bigint) {
    this.config = config;
    this.#random = random;
  }

  fateOf(length: number): Fate {
    const { cut, max_length, loss_ppm, jitter_ns, delay_ns, slots } = this.config;
    if (cut) return 'cut';
    if (length > max_length || length > LONGEST_KEPT) return 'oversize';
    const drawn = loss_ppm > 0 || jitter_ns > 0n ? this.#draw() : 0n;
    const lost = ((drawn >> 32n) * 1_000_000n) >> 32n < BigInt(loss_ppm);
    if (delay_ns === 0n && jitter_ns === 0n) return lost ? 'lost' : 'crossed';
    if (this.held >= slots) return 'ring_full';
    if (lost) return 'lost';
    this.held++;
    return 'held';
  }

  /** Marsaglia's xorshift64 (13, 7, 17). */
  #draw(): bigint {
    let x = this.#random;
    x ^= BigInt.asUintN(64, x << 13n);
    x ^= x >> 7n;
    x ^= BigInt.asUintN(64, x << 17n);
    this.#random = x;
    return x;
  }
}

function frameOf(random: Random): Uint8Array {
  return random.bytes(random.pick([14, 60, 150, 201, 300, 300, 1514, 1515, 1521]));
}

/** Runs frames over one wire; every one must cross whole, wait whole in the ring, or be counted. */
function crossWire(random: Random): Map<Fate, number> {
  const config = configOf(random);
  const state = BigInt(random.next()) + 1n;
  object.map('wire_config').update(u32(0), configCodec.encode(config));
  object.map('wire_state').update(u32(0), stateCodec.encode({ entry: { ...NOTHING, random: state }, exit: NOBODY }));
  const frames = Array.from({ length: FRAMES }, () => frameOf(random));
  const model = new ModelWire(config, state);
  const fates = frames.map(({ length }) => model.fateOf(length));

  const { retvals, data, lengths } = program.runEach({
    data: Buffer.concat(frames),
    lengths: Uint32Array.from(frames, ({ length }) => length),
  });
  let at = 0;
  for (const [i, frame] of frames.entries()) {
    const crossed = fates[i] === 'crossed';
    assert.equal(retvals[i], crossed ? XDP_ACTIONS.redirect : XDP_ACTIONS.drop, `frame ${i}: ${fates[i]}`);
    assert.equal(Buffer.compare(data.subarray(at, at + lengths[i]!), frame), 0, `frame ${i} is as it came`);
    at += lengths[i]!;
  }
  const waiting = frames.filter((_, i) => fates[i] === 'held');
  waiting.forEach(assertHeld);
  const counted = Map.groupBy(fates, (fate) => fate);
  const { entry } = stateCodec.decode(object.map('wire_state').lookup(u32(0))!);
  const counts = {
    cut: entry.cut,
    oversize: entry.oversize,
    lost: entry.lost,
    ring_full: entry.ring_full,
    crossed: entry.packets,
    held: entry.head,
  };
  for (const [fate, count] of Object.entries(counts)) {
    assert.equal(Number(count), counted.get(fate as Fate)?.length ?? 0, fate);
  }
  return new Map([...counted].map(([fate, those]) => [fate, those.length]));
}

/** In the ring, in the order of arrival, never due before the frame in front of it. */
function assertHeld(frame: Uint8Array, slot: number): void {
  const kept = frameCodec.decode(object.map('wire_ring').lookup(u32(slot))!);
  assert.equal(kept.length, frame.length);
  assert.equal(Buffer.compare(kept.data.subarray(0, frame.length), frame), 0, `frame in slot ${slot}`);
  const before = slot === 0 ? 0n : frameCodec.decode(object.map('wire_ring').lookup(u32(slot - 1))!).time;
  assert.ok(kept.time >= before);
}

test('every frame on a wire crosses whole, waits whole in its turn, or is counted under what befell it', () => {
  const seed = seedFromEnvironment();
  const seen = new Map<Fate, number>();
  printed('wire', ROUNDS * FRAMES, seed, () => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [fate, count] of crossWire(randomOf(seed, round))) seen.set(fate, (seen.get(fate) ?? 0) + count);
    }
  });
  for (const fate of ['cut', 'oversize', 'lost', 'ring_full', 'crossed', 'held'] as const) {
    assert.ok((seen.get(fate) ?? 0) > 0, fate);
  }
});
