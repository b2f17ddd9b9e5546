import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObservedPacket } from '../../../src/results/bundle.ts';
import { measure } from '../../../src/results/metrics.ts';
import type { PassData } from '../../../src/results/pass-data.ts';

const packet = (t: number, link: string, workloads?: string[]): ObservedPacket => ({
  t,
  link,
  bytes: 100,
  src: 's',
  dst: 'd',
  protocol: 'scion',
  readable: false,
  ...(workloads === undefined ? {} : { workloads }),
});

const data: PassData = {
  pass: { id: 'cilion-1', transport: 'cilion', repetition: 1, startedAt: 0 },
  durationSeconds: 10,
  workloads: [],
  events: [],
  wires: [],
  observed: [
    packet(1, 'x', ['records']),
    packet(2, 'y', ['records', 'backup']),
    packet(3, 'x', ['page']),
    packet(4, 'x'),
  ],
};
const ALL = { from: 0, to: 10 };

test('the observer’s packets are counted by workload, by link, or by both', () => {
  assert.equal(measure('observer.packets', data, ALL), 4);
  assert.equal(measure('observer.packets', data, ALL, 'records'), 2);
  assert.equal(measure('observer.packets', data, ALL, undefined, 'x'), 3);
  assert.equal(measure('observer.packets', data, ALL, 'records', 'x'), 1);
  assert.equal(measure('observer.bytes', data, ALL, 'backup', 'y'), 100);
  assert.equal(measure('observer.packets', data, { from: 0, to: 2 }, 'records'), 1);
});

test('packets of no workload count for none, and where nobody observes there is no count', () => {
  assert.equal(measure('observer.packets', data, ALL, 'silent'), 0);
  assert.equal(measure('observer.packets', { ...data, observed: null }, ALL, 'records'), null);
});
