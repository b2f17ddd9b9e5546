/** The agent against the maps that the program reads: which path a pod's packet takes after each reconciliation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { pathHeader } from '../../src/dataplane/path-header.ts';
import { DEFAULT_POLICY, type DesiredSet, type DesiredState } from '../../src/k8s/agent/desired-state.ts';
import { NodeAgent } from '../../src/k8s/agent/node-agent.ts';
import { PATHS } from '../unit/k8s/paths.ts';
import { craftPath } from './crafted-path.ts';
import { openFrame } from './frame.ts';
import { innerPacket, podFrame } from './inner.ts';
import {
  INNER_MTU,
  LATER,
  NODE_HOST,
  POD,
  PodBench,
  podPath,
  REMOTE_CIDR,
  REMOTE_HOST,
  REMOTE_POD,
} from './pod-bench.ts';
import { benchLink } from './router-bench.ts';
import { DST, HERE, KEY, TIMESTAMP } from './row.ts';

await buildAll();
const bench = new PodBench();
const agent = new NodeAgent(bench.node);

/** Path `p1` leaves by interface 1, and so on: the underlay tells which one was taken. */
function desiredPath(ifid: number) {
  const { own, remote } = benchLink(ifid);
  const raw = craftPath({ ...podPath(ifid), timestamp: TIMESTAMP }, KEY);
  const ends = { srcIa: HERE, dstIa: DST, srcHost: NODE_HOST, dstHost: REMOTE_HOST, raw, own, remote, ownLink: true };
  const settings = { header: pathHeader(ends), ifindex: 40 + ifid, ifid, innerMtu: INNER_MTU, expiry: LATER };
  return { key: `p${ifid}`, path: PATHS[ifid]!, settings };
}

interface Wanted {
  /** Policy → interfaces of its paths. */
  readonly sets: Readonly<Record<string, readonly number[]>>;
  readonly pods?: Readonly<Record<string, string>>;
}

function stateOf({ sets, pods = {} }: Wanted): DesiredState {
  const used = [...new Set(Object.values(sets).flat())];
  return {
    paths: new Map(used.map((ifid) => [`p${ifid}`, desiredPath(ifid)])),
    sets: Object.entries(sets).map(
      ([policy, ifids]): DesiredSet => ({
        policy,
        remote: 1,
        strategy: 'ordered',
        onNone: 'block',
        paths: ifids.map((ifid) => ({ key: `p${ifid}`, weight: 1 })),
      }),
    ),
    remotes: new Map([[REMOTE_CIDR, { id: 1, ia: DST, innerMtu: INNER_MTU }]]),
    pods: new Map(Object.entries(pods)),
  };
}

/** The interface that a pod's packet leaves by, or why it does not. */
function way(src: string, on = bench): number | string {
  const { reason, frame } = on.send(podFrame(innerPacket({ src, dst: REMOTE_POD })));
  if (reason !== 'ENCAPSULATED') return reason;
  const { from } = openFrame(frame);
  return [1, 2, 3].find((ifid) => benchLink(ifid).own.port === from.port)!;
}

const OTHER = '10.1.1.3';

test('pods take the paths of their policy, and others those of none', () => {
  agent.reconcile(stateOf({ sets: { [DEFAULT_POLICY]: [1, 2], fast: [2] }, pods: { [POD]: 'fast' } }));
  assert.deepEqual([way(POD), way(OTHER)], [2, 1]);
});

test('a pod that changes its policy moves alone, with the next packet', () => {
  const sets = { [DEFAULT_POLICY]: [1, 2], fast: [2], slow: [3] };
  agent.reconcile(stateOf({ sets, pods: { [POD]: 'slow', [OTHER]: 'fast' } }));
  assert.deepEqual([way(POD), way(OTHER)], [3, 2]);
  agent.reconcile(stateOf({ sets, pods: { [POD]: 'fast', [OTHER]: 'fast' } }));
  assert.deepEqual([way(POD), way(OTHER)], [2, 2]);
});

test('a policy that changes moves its pods', () => {
  agent.reconcile(stateOf({ sets: { [DEFAULT_POLICY]: [1], fast: [3] }, pods: { [POD]: 'fast' } }));
  assert.deepEqual([way(POD), way(OTHER)], [3, 1]);
  agent.reconcile(stateOf({ sets: { [DEFAULT_POLICY]: [1], fast: [] }, pods: { [POD]: 'fast' } }));
  assert.deepEqual([way(POD), way(OTHER)], ['POLICY_BLOCKED', 1]);
});

test('when pod and policy are gone, so are their entries', () => {
  agent.reconcile(stateOf({ sets: { [DEFAULT_POLICY]: [1] } }));
  assert.deepEqual([way(POD), way(OTHER)], [1, 1]);
  // A new policy may get the old one's number: nothing of that one may be left.
  agent.reconcile(stateOf({ sets: { [DEFAULT_POLICY]: [1], next: [2] }, pods: { [OTHER]: 'next' } }));
  assert.deepEqual([way(POD), way(OTHER)], [1, 2]);
});

test('the paths of a pod are told by its policy', () => {
  assert.deepEqual(
    agent.paths(1, OTHER).map(({ path }) => path),
    [PATHS[2]],
  );
  assert.deepEqual(
    agent.paths(1).map(({ path }) => path),
    [PATHS[1]],
  );
});

test('a new agent takes over what the one before it has left, and a packet finds a path at every moment', () => {
  agent.reconcile(
    stateOf({ sets: { [DEFAULT_POLICY]: [1], old: [2], gone: [3] }, pods: { [POD]: 'old', [OTHER]: 'gone' } }),
  );
  const successor = new NodeAgent(bench.node);
  successor.adopt(bench.node.contents());
  assert.deepEqual([way(POD), way(OTHER)], [2, 3], 'nothing changes by that');
  successor.reconcile(stateOf({ sets: { [DEFAULT_POLICY]: [3], other: [1] }, pods: { [POD]: 'other' } }));
  assert.deepEqual([way(POD), way(OTHER)], [1, 3]);
  const { sets, pods } = bench.node.contents();
  assert.deepEqual([sets.length, [...pods.keys()]], [2, [POD]], 'of the one before nothing is left');
});

test('where the map has no room for all pods, the next reconciliation writes the others, and all go again', () => {
  const room = 16_384;
  const fresh = new PodBench();
  const cramped = new NodeAgent(fresh.node);
  const foreign = Array.from({ length: room - 2 }, (_, index) => `10.128.${index >> 8}.${index & 255}`);
  fresh.node.setPodPolicies(new Map(foreign.map((address) => [address, 7])));
  const sets = { [DEFAULT_POLICY]: [1], fast: [2] };
  const own = ['10.1.1.2', '10.1.1.3', '10.1.1.4', '10.1.1.5', '10.1.1.6'];
  const state = (addresses: readonly string[]) =>
    stateOf({ sets, pods: Object.fromEntries(addresses.map((address) => [address, 'fast'])) });
  const written = () => own.filter((address) => fresh.node.contents().pods.has(address));
  assert.throws(() => cramped.reconcile(state(own)), {
    code: 'E2BIG',
    message: /pod_policy_map, 2 of 5 entries written/,
  });
  assert.deepEqual(written(), own.slice(0, 2));
  // One of the two that are there, one of the three that are not.
  fresh.node.removePodPolicies(foreign);
  cramped.reconcile(state(own.slice(1, 4)));
  assert.deepEqual(written(), own.slice(1, 4));
  cramped.reconcile(stateOf({ sets: { [DEFAULT_POLICY]: [1] } }));
  assert.deepEqual(written(), []);
});

test('pods that are gone make room, also in a map that is full of them', () => {
  const fresh = new PodBench();
  const gone = Array.from({ length: 16_384 }, (_, index) => [`10.128.${index >> 8}.${index & 255}`, 7] as const);
  fresh.node.setPodPolicies(new Map(gone));
  const successor = new NodeAgent(fresh.node);
  successor.adopt(fresh.node.contents());
  successor.reconcile(stateOf({ sets: { [DEFAULT_POLICY]: [1], fast: [2] }, pods: { [POD]: 'fast' } }));
  assert.deepEqual([...fresh.node.contents().pods.keys()], [POD]);
  assert.equal(way(POD, fresh), 2);
});

test('what a new agent knows again of what it takes over stays as it is, byte for byte', () => {
  const fresh = new PodBench();
  new NodeAgent(fresh.node).reconcile(
    stateOf({ sets: { [DEFAULT_POLICY]: [1], kept: [1, 2] }, pods: { [POD]: 'kept' } }),
  );
  const before = fresh.node.contents();
  const idsOf = ({ sets }: typeof before) => new Set(sets.flatMap(({ paths }) => paths));
  const [number] = before.pods.values();
  const used = [1, 2, 3].map(desiredPath);
  const paths = fresh.node.knownPaths(
    idsOf(before),
    new Map(used.map(({ key, settings }) => [key, { ...settings, ...(key === 'p2' ? { expiry: LATER - 1 } : {}) }])),
  );
  assert.deepEqual([...paths.values()], ['p1'], 'one path expires at another time');
  const [known] = paths.keys();
  fresh.node.health.setDown(known!, true);
  const successor = new NodeAgent(fresh.node);
  successor.adopt(before, { paths, policies: new Map([[number!, 'kept']]) });
  const sets = { [DEFAULT_POLICY]: [1], kept: [1, 3], joined: [2] };
  successor.reconcile(stateOf({ sets, pods: { [POD]: 'kept', [OTHER]: 'joined' } }));
  const now = fresh.node.contents();
  assert.equal(now.pods.get(POD), number);
  assert.ok(idsOf(now).has(known!) && fresh.node.health.read(known!).down, 'a path that is down is not forgiven');
  assert.deepEqual([way(POD, fresh), way(OTHER, fresh)], [3, 2]);
});

test('five thousand pods under two hundred policies: what changes is written, and only that', (t) => {
  const fresh = new PodBench();
  const many = new NodeAgent(fresh.node);
  const address = (index: number) => `10.64.${index >> 8}.${index & 255}`;
  const policies = Array.from({ length: 200 }, (_, index) => `policy-${index}`);
  const sets = Object.fromEntries([DEFAULT_POLICY, ...policies].map((name) => [name, [1, 2]]));
  const podsOf = (moved: number) =>
    Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [address(index), policies[(index + (index < moved ? 1 : 0)) % 200]!]),
    );
  const timed = (state: DesiredState) => {
    const since = performance.now();
    many.reconcile(state);
    return performance.now() - since;
  };
  const times = {
    all: timed(stateOf({ sets, pods: podsOf(0) })),
    nothing: timed(stateOf({ sets, pods: podsOf(0) })),
    ten: timed(stateOf({ sets, pods: podsOf(10) })),
  };
  const { pods } = fresh.node.contents();
  assert.equal(pods.size, 5000);
  assert.equal(pods.get(address(0)), pods.get(address(201)), 'pod 0 has moved to the next policy');
  assert.equal(pods.get(address(10)), pods.get(address(210)));
  t.diagnostic(
    Object.entries(times)
      .map(([what, ms]) => `${what} ${ms.toFixed(1)} ms`)
      .join(', '),
  );
});
