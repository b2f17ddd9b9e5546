import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { INNER_MTU, POD, POLICY, PodBench, REMOTE_CIDR } from '../golden/pod-bench.ts';
import { DST } from '../golden/row.ts';
import { atPodEgress, type ModelEgress } from '../model/pod-egress.ts';
import { numberOf } from '../model/router.ts';
import { mutateUnderlay } from './mutate-underlay.ts';
import { podPacket } from './pod-packets.ts';
import type { Random } from './random.ts';
import { assertMet, fuzz, type Stage, TC_ACTIONS } from './rounds.ts';

await buildAll();
const bench = new PodBench();
const PACKETS = 150_000;
const PLAIN_POD = [10, 1, 1, 3];

/** From one of two pods (one has a policy), mostly to a remote pod. */
function frameOf(random: Random): Uint8Array {
  const src = random.pick([POD.split('.').map(Number), PLAIN_POD]);
  const dst = random.once(8) ? [10, random.below(4), 1, 9] : [10, 2, 1, 1 + random.below(250)];
  const frame = Uint8Array.from([...random.bytes(12), 8, 0, ...podPacket(random, src, dst)]);
  return runnable(random.once(12) && frame.length > 42 ? mutateUnderlay(frame, random) : frame);
}

/** BPF_PROG_RUN refuses an IP packet without a whole header, as the kernel's input does: it gets zeros. */
function runnable(frame: Uint8Array): Uint8Array {
  const least = 14 + ({ 2048: 20, 34525: 40 }[(frame[12]! << 8) | frame[13]!] ?? 0);
  return frame.length >= least ? frame : Uint8Array.from({ length: least }, (_, at) => frame[at] ?? 0);
}

function stageOf(random: Random): Stage {
  const strategy = random.pick(['ordered', 'weighted'] as const);
  const onNone = random.pick(['block', 'pass'] as const);
  const segmented = random.once(3);
  const ids = [0, 1, 2].filter(() => !random.once(4));
  const down = new Set(ids.filter(() => random.once(4)));
  const set = { strategy, onNone, paths: ids.map((id) => ({ id, weight: 1 + random.below(5) })) };
  const paths = set.paths.map(({ id, weight }) => ({ ...bench.setPath(id), weight, usable: !down.has(id) }));
  bench.node.setPathSet(0, 1, set);
  // Under the policy, the last of them alone.
  bench.node.setPathSet(POLICY, 1, { ...set, paths: set.paths.slice(-1) });
  bench.node.setPodPolicies(new Map([[POD, POLICY]]));
  for (const id of ids) bench.node.health.setDown(id, down.has(id));
  bench.setSegmented(segmented);
  const model: ModelEgress = {
    remotes: [{ cidr: REMOTE_CIDR, ia: numberOf(DST), id: 1, innerMtu: INNER_MTU }],
    paths: (_, pod) => (pod === podNumber ? paths.slice(-1) : paths),
    policied: (pod) => pod === podNumber,
    strategy,
    onNone,
    segmented,
  };
  return {
    subject: {
      program: bench.node.programs.podEgress,
      actions: TC_ACTIONS,
      counts: bench.counted.counts,
      prepare: () => bench.node.setClock(),
    },
    makeFrame: frameOf,
    expect: (frame) => atPodEgress(frame, model),
    describe: () => ({ program: 'pod_egress', segmented, set, down: [...down] }),
  };
}

const podNumber = POD.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);

test('pod_egress does with every pod’s packet, right or wrong, what the model of its rules does', () => {
  const seen = fuzz({ name: 'pod_egress', packets: PACKETS, stageOf });
  assertMet(seen, ['NONE', 'ENCAPSULATED', 'NO_PATH', 'POLICY_BLOCKED', 'INNER_MALFORMED', 'INNER_TOO_BIG']);
});
