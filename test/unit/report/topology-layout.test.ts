import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { middleOf, routeEdges } from '../../../src/report/topology-edges.ts';
import { type Layout, layOut, NODE_HEIGHT, NODE_WIDTH } from '../../../src/report/topology-layout.ts';
import { topologySvg } from '../../../src/report/topology-svg.ts';
import type { TopologyRecord } from '../../../src/results/bundle.ts';
import { syntheticTopology } from '../../fixtures/report/synthetic-topology.ts';

const SIXTEEN = syntheticTopology('sixteen', [], 10);
const TWO_ISD = syntheticTopology('two-isd', [], 10);

function overlaps(layout: Layout): string[] {
  const nodes = [...layout.nodes];
  return nodes.flatMap(([ia, a], i) =>
    nodes
      .slice(i + 1)
      .filter(([, b]) => Math.abs(a.x - b.x) < NODE_WIDTH && Math.abs(a.y - b.y) < NODE_HEIGHT)
      .map(([other]) => `${ia} ${other}`),
  );
}

/** Up to 30 ASes in up to three ISDs with links of every kind between any of them, cycles of parents included. */
const anyTopology: fc.Arbitrary<TopologyRecord> = fc
  .tuple(
    fc.array(fc.record({ isd: fc.integer({ min: 1, max: 3 }), core: fc.boolean() }), { minLength: 1, maxLength: 30 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom('core' as const, 'child' as const, 'peer' as const)), {
      maxLength: 60,
    }),
  )
  .map(([ases, links]) => ({
    ases: ases.map(({ isd, core }, i) => ({
      ...{ ia: `${isd}-ff00:0:${(0x100 + i).toString(16)}`, isd, core, label: null, cluster: null },
      ...{ attacker: false, prefix: '10.0.0.0/16' },
    })),
    links: links.map(([a, b, kind], i) => {
      const at = (n: number): string => {
        const index = n % ases.length;
        return `${ases[index]!.isd}-ff00:0:${(0x100 + index).toString(16)}`;
      };
      return { id: `link ${i}`, kind, a: at(a), b: at(b), delayMs: 1 };
    }),
    paths: [],
  }));

test('no AS stands on another, and each inside its ISD, whatever the topology', () => {
  fc.assert(
    fc.property(anyTopology, (topology) => {
      const layout = layOut(topology);
      assert.equal(layout.nodes.size, topology.ases.length);
      assert.deepEqual(overlaps(layout), []);
      for (const { ia, isd } of topology.ases) {
        const { x, y } = layout.nodes.get(ia)!;
        const region = layout.regions.find((entry) => entry.isd === isd)!;
        assert.ok(x - NODE_WIDTH / 2 >= region.x && x + NODE_WIDTH / 2 <= region.x + region.width, ia);
        assert.ok(y - NODE_HEIGHT / 2 >= region.y && y + NODE_HEIGHT / 2 <= region.y + region.height, ia);
      }
    }),
    { numRuns: 150 },
  );
});

test('parents stand above their children, core ASes on top', () => {
  for (const topology of [TWO_ISD, SIXTEEN]) {
    const { nodes } = layOut(topology);
    for (const { kind, a, b } of topology.links) {
      if (kind === 'child') assert.ok(nodes.get(a)!.y < nodes.get(b)!.y, `${a} above ${b}`);
    }
    for (const { ia, core } of topology.ases) assert.equal(nodes.get(ia)!.layer === 0, core, ia);
  }
});

test('no link from parent to child runs behind an AS that is not its end', () => {
  for (const topology of [TWO_ISD, SIXTEEN]) {
    const layout = layOut(topology);
    const edges = routeEdges(topology, layout);
    for (const link of topology.links.filter(({ kind }) => kind === 'child')) {
      for (const [start, ...controls] of edges.curve(link, 0)!) {
        for (let i = 0; i <= 20; i++) {
          const dot = onCubic([start, ...controls], i / 20);
          for (const [ia, { x, y }] of layout.nodes) {
            const inside = Math.abs(dot.x - x) < NODE_WIDTH / 2 - 1 && Math.abs(dot.y - y) < NODE_HEIGHT / 2 - 1;
            assert.ok(!inside || ia === link.a || ia === link.b, `${link.id} runs behind ${ia}`);
          }
        }
      }
    }
  }
});

function onCubic(dots: readonly { x: number; y: number }[], t: number): { x: number; y: number } {
  const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3];
  const along = (axis: 'x' | 'y'): number => dots.reduce((sum, dot, i) => sum + dot[axis] * weights[i]!, 0);
  return { x: along('x'), y: along('y') };
}

test('lanes on one link keep their distance', () => {
  const edges = routeEdges(SIXTEEN, layOut(SIXTEEN));
  for (const link of SIXTEEN.links) {
    const [a, b] = [middleOf(edges.curve(link, -2.5)!), middleOf(edges.curve(link, 2.5)!)];
    assert.ok(Math.hypot(a.x - b.x, a.y - b.y) > 4, link.id);
  }
});

test('the same topology gives the same picture', () => {
  const draw = (): string => topologySvg(SIXTEEN, [], 'x').text;
  assert.equal(draw(), draw());
});

test('labels fit into their boxes, however long they are', () => {
  const svg = topologySvg(SIXTEEN, [], 'x').text;
  const labels = [...svg.matchAll(/<text class="(?:ia|role)"[^>]*>([^<]*)</g)].map((match) => match[1]!);
  assert.equal(labels.length, 32);
  for (const label of labels) assert.ok(label.length <= 17, label);
});
