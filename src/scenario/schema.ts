/** What a scenario file may hold. The JSON Schema for editors is generated from this. */
import { z } from 'zod';
import { duration, name, rate, ratio, size } from '../input/fields.ts';
import { METRIC_UNITS } from '../results/metrics.ts';
import type { MetricName } from './model.ts';

const asReference = z.string().describe('An AS: its ISD-AS, its label or the name of the cluster in it.');
const podReference = z.string().describe('A pod: cluster/pod.');
const linkReference = z
  .string()
  .describe('A link by one end (AS#interface) or both (AS#interface--AS#interface).')
  .meta({ examples: ['1-ff00:0:110#1'] });

const cluster = z.strictObject({
  name: name.describe('Name of the cluster.'),
  as: z.string().describe('The edge AS that it is: ISD-AS or label.'),
  nodes: z
    .union([
      z.int().min(1).max(64),
      z
        .array(
          z.strictObject({
            name: name.describe('Name of the node.'),
            interfaces: z.array(z.int().min(1).max(65_535)).min(1).describe('Interfaces of the AS that end here.'),
          }),
        )
        .min(1),
    ])
    .default(1)
    .describe('How many nodes, which then share the interfaces of the AS in turn; or each node with its interfaces.'),
  manifests: z.array(z.string()).default([]).describe('Kubernetes manifests, relative to this file.'),
});

const workloadBase = { name: name.describe('Name of the workload.'), from: podReference, to: podReference };

const workload = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tcp').describe('Bulk transfer by iperf3.'),
    ...workloadBase,
    flows: z.int().min(1).max(64).default(1).describe('Parallel connections.'),
    rate: rate.optional().describe('Target over all flows. Default: as fast as TCP goes.'),
  }),
  z.strictObject({
    kind: z.literal('udp').describe('One UDP round trip every interval, by irtt.'),
    ...workloadBase,
    interval: duration.default(10e6).describe('Time between probes. Default 10ms.'),
    payload: size.default(64).describe('UDP payload of a probe. Default 64B.'),
  }),
  z.strictObject({
    kind: z.literal('http').describe('One GET every interval, each on a connection of its own.'),
    ...workloadBase,
    interval: duration.default(20e6).describe('Time between requests. Default 20ms.'),
    timeout: duration.default(1e9).describe('When a request is given up. Default 1s.'),
    response: size.default(1024).describe('Length of the response body. Default 1KiB.'),
  }),
]);

const at = duration.describe('When, from the start of a pass.');

const event = z.discriminatedUnion('event', [
  z.strictObject({
    at,
    event: z.literal('bgp.hijack').describe('An AS announces a prefix that belongs to another.'),
    by: asReference,
    victim: asReference,
    type: z
      .enum(['exact', 'more-specific', 'forged-origin'])
      .default('exact')
      .describe("exact: the victim's prefix; more-specific: its halves; forged-origin: the victim as origin."),
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
    delay: duration.optional().describe('One-way delay.'),
    jitter: duration.optional().describe('Extra delay, uniform between nothing and this.'),
    loss: ratio.optional().describe('Share of frames lost.'),
    rate: rate.optional().describe('Bits per second; 0bit lifts the limit.'),
    queue: duration.optional().describe('Longest wait for the rate limit; 0ms is the default of 50ms.'),
  }),
  z.strictObject({
    at,
    event: z.literal('exec').describe('Runs a command in a namespace of the lab.'),
    in: z.string().describe('An AS, a node (cluster/node) or a pod (cluster/pod).'),
    run: z.array(z.string()).min(1).describe('The command and its arguments, as a list; no shell reads it.'),
  }),
]);

export const COMPARISONS = ['above', 'atLeast', 'below', 'atMost', 'equals'] as const;

const limit = z.union([z.number(), z.string()]).optional();

const assertion = z.strictObject({
  name: z.string().min(1).describe('The sentence that the assertion proves or refutes.'),
  transport: z.enum(['ip', 'vxlan', 'cilion']).describe('The transport that it is about.'),
  metric: z.enum(Object.keys(METRIC_UNITS) as MetricName[]).describe('What is compared.'),
  workload: z.string().optional().describe('Name of the workload, for metrics of workloads.'),
  window: z.tuple([duration, duration]).optional().describe('From when to when, as [4s, 8s]. Default: the whole pass.'),
  above: limit.describe('Holds above this: a count, or with its unit: 5ms, 90Mbit, 1%.'),
  atLeast: limit.describe('Holds at this and above.'),
  below: limit.describe('Holds below this.'),
  atMost: limit.describe('Holds at this and below.'),
  equals: limit.describe('Holds at exactly this.'),
});

export const scenarioSchema = z
  .strictObject({
    $schema: z.string().optional().describe('For editors; ignored.'),
    name: name.describe('Short name; part of the name of the results folder.'),
    title: z.string().min(1).describe('Headline of the report.'),
    question: z.string().min(1).describe('What the run answers, in a sentence or two.'),
    topology: z.string().describe('Topology file (.yaml or .topo), relative to this file.'),
    controlPlane: z.literal('computed').default('computed').describe('Where SCION paths come from.'),
    clusters: z.array(cluster).min(1).describe('The Kubernetes clusters at the edge.'),
    transports: z
      .array(z.enum(['ip', 'vxlan', 'cilion']))
      .min(1)
      .describe('What carries the pods’ traffic; each gets the same workloads and the same timeline.'),
    bgp: z
      .strictObject({
        hold: duration.default(90e9).describe('Hold time, whole seconds, at least 3s. Default 90s (RFC 4271).'),
        bfd: z.boolean().default(false).describe('Whether BFD watches the neighbours.'),
      })
      .prefault({})
      .describe('How fast BGP notices what is gone.'),
    workloads: z.array(workload).min(1).describe('Who talks to whom.'),
    timeline: z.array(event).default([]).describe('What goes wrong, and when.'),
    captures: z
      .array(
        z.strictObject({
          link: linkReference,
          snapLength: size.default(512).describe('How much is kept of each frame. Default 512B.'),
        }),
      )
      .default([])
      .describe('Links whose frames are written to pcap files.'),
    observe: z
      .strictObject({ as: z.union([asReference, z.array(asReference).min(1)]).describe('One AS, or a list of them.') })
      .optional()
      .describe('ASes at which arriving traffic is counted. Default: every AS that hijacks or leaks.'),
    assertions: z.array(assertion).default([]).describe('What must hold for the run to pass.'),
    duration: duration.describe('Length of one pass.'),
    repeat: z.int().min(1).max(1000).default(1).describe('Passes of each transport, interleaved.'),
    seed: z.int().min(0).max(0xffff_ffff).default(1).describe('Seed of everything random in the lab.'),
  })
  .describe('A CilION scenario: what is built, who talks to whom, what goes wrong when, and what must hold.');

export type ScenarioInput = z.output<typeof scenarioSchema>;
export type WorkloadInput = ScenarioInput['workloads'][number];
export type EventInput = ScenarioInput['timeline'][number];
export type AssertionInput = ScenarioInput['assertions'][number];
export type ClusterInput = ScenarioInput['clusters'][number];
