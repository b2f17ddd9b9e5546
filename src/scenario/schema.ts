/** What a scenario file may hold. The JSON Schema for editors is generated from this. */
import { z } from 'zod';
import { duration, name, rate, ratio, size, wireTime } from '../input/fields.ts';
import { METRIC_UNITS } from '../results/metrics.ts';
import { type MetricName, TRANSPORT_NAMES } from './model.ts';

const asReference = z
  .string()
  .describe('An AS: its ISD-AS, its label or the name of the cluster in it.')
  .meta({ examples: ['attacker', '1-ff00:0:113'] });
const podReference = z
  .string()
  .describe('A pod: cluster/pod.')
  .meta({ examples: ['a/client-1'] });
const linkReference = z
  .string()
  .describe('A link by one end (AS#interface) or both (AS#interface--AS#interface).')
  .meta({ examples: ['core#1', '1-ff00:0:110#1', 'core#1--left#41'] });

const cluster = z.strictObject({
  name: name.describe('Name of the cluster; pods and nodes are named behind it.').meta({ examples: ['a'] }),
  as: z
    .string()
    .describe('The edge AS that it is: ISD-AS or label.')
    .meta({ examples: ['left', '1-ff00:0:111'] }),
  nodes: z
    .union([
      z.int().min(1).max(64),
      z
        .array(
          z.strictObject({
            name: name.describe('Name of the node.').meta({ examples: ['a1'] }),
            interfaces: z
              .array(z.int().min(1).max(65_535))
              .min(1)
              .describe('Interfaces of the AS that end at this node.')
              .meta({ examples: [[41]] }),
          }),
        )
        .min(1),
    ])
    .default(1)
    .describe('How many nodes, which then share the interfaces of the AS in turn; or each node with its interfaces.')
    .meta({ examples: [1, [{ name: 'a1', interfaces: [41] }]] }),
  manifests: z
    .array(z.string())
    .default([])
    .describe('Kubernetes manifests, relative to this file: the pods of the cluster.')
    .meta({ examples: [['clients.yaml']] }),
});

const workloadBase = {
  name: name.describe('Name of the workload, for assertions and charts.').meta({ examples: ['transfer'] }),
  from: podReference.describe('The pod that sends: cluster/pod.'),
  to: podReference.describe('The pod that answers: cluster/pod.').meta({ examples: ['b/web-1'] }),
};

const workload = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tcp').describe('Bulk transfer by iperf3.'),
    ...workloadBase,
    flows: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('Parallel connections.')
      .meta({ examples: [4] }),
    rate: rate.optional().describe('Target over all flows; without it, as fast as TCP goes.'),
  }),
  z.strictObject({
    kind: z.literal('udp').describe('One UDP round trip every interval, by irtt.'),
    ...workloadBase,
    interval: duration
      .default(10e6)
      .describe('Time between probes.')
      .meta({ examples: ['10ms'] }),
    payload: size
      .default(64)
      .describe('UDP payload of a probe; its marker needs 55 bytes.')
      .meta({ examples: ['200B'] }),
  }),
  z.strictObject({
    kind: z.literal('http').describe('One GET every interval, each on a connection of its own.'),
    ...workloadBase,
    interval: duration
      .default(20e6)
      .describe('Time between requests.')
      .meta({ examples: ['50ms'] }),
    timeout: duration
      .default(1e9)
      .describe('When a request is given up, and counts as a failure.')
      .meta({ examples: ['500ms'] }),
    response: size
      .default(1024)
      .describe('Length of the response body.')
      .meta({ examples: ['256KiB'] }),
  }),
]);

const at = duration.describe('When, from the start of a pass.').meta({ examples: ['4s'] });

const event = z.discriminatedUnion('event', [
  z.strictObject({
    at,
    event: z.literal('bgp.hijack').describe('An AS announces a prefix that belongs to another.'),
    by: asReference,
    victim: asReference
      .describe('The AS whose prefix it is: ISD-AS, label or cluster.')
      .meta({ examples: ['b', '1-ff00:0:112'] }),
    type: z
      .enum(['exact', 'more-specific', 'forged-origin'])
      .default('exact')
      .describe("exact: the victim's prefix; more-specific: its halves; forged-origin: the victim as origin.")
      .meta({ examples: ['more-specific'] }),
  }),
  z.strictObject({
    at,
    event: z.literal('bgp.leak').describe('An AS exports everything it knows to every neighbour (RFC 7908).'),
    by: asReference,
  }),
  z.strictObject({
    at,
    event: z.literal('bgp.withdraw').describe("Ends an AS's hijacks and leaks; otherwise withdraws its own prefix."),
    by: asReference,
  }),
  z.strictObject({
    at,
    event: z.literal('link.cut').describe('Silently discards everything on a link, both ways.'),
    link: linkReference,
  }),
  z.strictObject({ at, event: z.literal('link.restore').describe('Ends a cut.'), link: linkReference }),
  z.strictObject({
    at,
    event: z.literal('link.shape').describe('Changes what a link does to frames, both ways; what is left out stays.'),
    link: linkReference,
    delay: wireTime.optional().describe('One-way delay.'),
    jitter: wireTime
      .optional()
      .describe('Extra delay, uniform between nothing and this.')
      .meta({ examples: ['2ms'] }),
    loss: ratio.optional().describe('Share of frames lost, each independently of the others.'),
    rate: rate.optional().describe('Bits per second; 0bit lifts the limit.'),
    queue: wireTime.optional().describe('Longest wait for the rate limit; 0ms is the default of 50ms.'),
  }),
  z.strictObject({
    at,
    event: z
      .literal('scion.replay')
      .describe('Sends pods’ SCION packets again that were captured at an observed AS: the last ones, UDP alone.'),
    by: asReference,
    alter: z
      .enum(['nothing', 'mac', 'interface', 'position'])
      .default('nothing')
      .describe(
        'nothing: as they were; mac: a bit of the hop field’s MAC; interface: another way out, with a MAC by the attacker’s key; position: one hop field further on.',
      )
      .meta({ examples: ['mac'] }),
    count: z
      .int()
      .min(1)
      .max(500)
      .default(100)
      .describe('How many, fifty every 50 ms.')
      .meta({ examples: [50] }),
  }),
  z.strictObject({
    at,
    event: z.literal('exec').describe('Runs a command in a namespace of the lab.'),
    in: z
      .string()
      .describe('An AS, a node (cluster/node) or a pod (cluster/pod).')
      .meta({ examples: ['a/client-1', 'b/b1', 'core'] }),
    run: z
      .array(z.string())
      .min(1)
      .describe('The command and its arguments, as a list; no shell reads it.')
      .meta({ examples: [['ip', 'route', 'show']] }),
  }),
  z.strictObject({
    at,
    event: z
      .literal('apply')
      .describe('Applies manifests to a cluster at work, as kubectl does: its path policies, the labels of its pods.'),
    cluster: z
      .string()
      .describe('Name of the cluster.')
      .meta({ examples: ['a'] }),
    manifests: z
      .array(z.string())
      .min(1)
      .describe('Kubernetes manifests, relative to this file. Only cilion heeds what they change.')
      .meta({ examples: [['fence.yaml']] }),
  }),
]);

export const COMPARISONS = ['above', 'atLeast', 'below', 'atMost', 'equals'] as const;

const limit = z.union([z.number(), z.string()]).optional();

const assertion = z.strictObject({
  name: z
    .string()
    .min(1)
    .describe('The sentence that the assertion proves or refutes.')
    .meta({ examples: ['CilION loses nothing'] }),
  transport: z
    .enum(TRANSPORT_NAMES)
    .describe('The transport that it is about; one of `transports`.')
    .meta({ examples: ['cilion'] }),
  metric: z
    .enum(Object.keys(METRIC_UNITS) as MetricName[])
    .describe('What is compared.')
    .meta({ examples: ['udp.lost'] }),
  workload: z
    .string()
    .optional()
    .describe(
      'Name of the workload; without it, all of the metric’s kind together. Of an observer: packets between its pods.',
    )
    .meta({ examples: ['ping'] }),
  link: linkReference
    .optional()
    .describe('Of an observer: only what arrived over this link of it.')
    .meta({ examples: ['attacker#1'] }),
  window: z
    .tuple([duration, duration])
    .optional()
    .describe('From when (inclusive) to when (exclusive); without it, the whole pass.')
    .meta({ examples: [['4s', '8s']] }),
  above: limit.describe('Holds above this: a count, or with its unit: 5ms, 90Mbit, 1%.').meta({ examples: ['19ms'] }),
  atLeast: limit.describe('Holds at this and above.').meta({ examples: ['95Mbit'] }),
  below: limit.describe('Holds below this.').meta({ examples: ['24ms'] }),
  atMost: limit.describe('Holds at this and below.').meta({ examples: ['1%'] }),
  equals: limit.describe('Holds at exactly this.').meta({ examples: [0] }),
});

export const scenarioSchema = z
  .strictObject({
    $schema: z
      .string()
      .optional()
      .describe('For editors; ignored. A comment in the first line does the same.')
      .meta({ examples: ['../schemas/scenario.schema.json'] }),
    name: name.describe('Short name; part of the name of the results folder.').meta({ examples: ['slow-link'] }),
    title: z
      .string()
      .min(1)
      .describe('Headline of the report.')
      .meta({ examples: ['A slower link'] }),
    question: z
      .string()
      .min(1)
      .describe('What the run answers, in a sentence or two.')
      .meta({ examples: ['Who notices that the link got slower?'] }),
    topology: z
      .string()
      .describe('Topology file (.yaml or .topo), relative to this file.')
      .meta({ examples: ['topology.yaml'] }),
    controlPlane: z
      .enum(['computed', 'reference'])
      .default('computed')
      .describe(
        'Where SCION paths come from: `computed` from the topology, or from the `reference` control services, which also bring their routers as the slow path.',
      )
      .meta({ examples: ['reference'] }),
    referenceRouters: z
      .array(asReference)
      .default([])
      .describe('Transit ASes without XDP: the reference router forwards every packet. With `controlPlane: reference`.')
      .meta({ examples: [['core']] }),
    clusters: z.array(cluster).min(1).describe('The Kubernetes clusters at the edge.'),
    transports: z
      .array(z.enum(TRANSPORT_NAMES))
      .min(1)
      .describe('What carries the pods’ traffic; each gets the same workloads and the same timeline.')
      .meta({ examples: [['ip', 'cilion']] }),
    bgp: z
      .strictObject({
        hold: duration
          .default(90e9)
          .describe('Hold time, whole seconds, at least 3s (RFC 4271 section 4.2).')
          .meta({ examples: ['3s'] }),
        bfd: z
          .boolean()
          .default(false)
          .describe('Whether BFD watches the neighbours.')
          .meta({ examples: [true] }),
      })
      .prefault({})
      .describe('How fast BGP notices what is gone.'),
    workloads: z.array(workload).min(1).describe('Who talks to whom.'),
    timeline: z.array(event).default([]).describe('What goes wrong, and when.'),
    captures: z
      .array(
        z.strictObject({
          link: linkReference,
          snapLength: size
            .default(512)
            .describe('How much is kept of each frame.')
            .meta({ examples: ['128B'] }),
        }),
      )
      .default([])
      .describe('Links whose frames are written to pcap files.'),
    observe: z
      .strictObject({
        as: z
          .union([asReference, z.array(asReference).min(1)])
          .describe('One AS, or a list of them.')
          .meta({ examples: ['attacker', ['attacker', '1-ff00:0:112']] }),
      })
      .optional()
      .describe('ASes at which arriving traffic is counted. Default: every AS that hijacks or leaks.'),
    assertions: z.array(assertion).default([]).describe('What must hold for the run to pass.'),
    duration: duration.describe('Length of one pass.').meta({ examples: ['12s'] }),
    repeat: z
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .describe('Passes of each transport, interleaved.')
      .meta({ examples: [3] }),
    seed: z
      .int()
      .min(0)
      .max(0xffff_ffff)
      .default(1)
      .describe('Seed of everything random in the lab.')
      .meta({ examples: [7] }),
  })
  .describe('A CilION scenario: what is built, who talks to whom, what goes wrong when, and what must hold.');

export type ScenarioInput = z.output<typeof scenarioSchema>;
export type WorkloadInput = ScenarioInput['workloads'][number];
export type EventInput = ScenarioInput['timeline'][number];
export type AssertionInput = ScenarioInput['assertions'][number];
export type ClusterInput = ScenarioInput['clusters'][number];
