/** The part of Kubernetes' manifests that a pod which is a network namespace can honour. All else is refused. */
import { z } from 'zod';
import { labels } from './crd/labels.ts';
import { pathPolicySpec } from './crd/path-policy.ts';

const NOT_HONOURED = 'cannot be honoured: a pod here is a network namespace that runs no image';

/** RFC 1123 label, as Kubernetes wants for names. */
const name = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, { message: 'is no valid name' });

const texts = z.record(z.string(), z.string());

const annotations = texts
  .optional()
  .describe('Read, without effect.')
  .meta({ examples: [{ owner: 'shop' }] });

const HOSTNAME = 'kubernetes.io/hostname';

const namespace = z
  .literal('default')
  .optional()
  .describe('A cluster here has the one namespace.')
  .meta({ examples: ['default'] });

const metadata = z
  .strictObject({
    name: name.describe('Name, unique among the cluster’s objects of this kind.').meta({ examples: ['web'] }),
    namespace,
    labels: labels.default({}).describe('What services and policies select by.'),
    annotations,
  })
  .describe('Who it is.')
  .meta({ unknownField: NOT_HONOURED });

/** Read as a description of what the workloads stand for; nothing of it is run. */
const container = z
  .strictObject({
    name: name.describe('For people.').meta({ examples: ['web'] }),
    image: z
      .string()
      .describe('For people: no image is pulled or run.')
      .meta({ examples: ['web'] }),
    command: z
      .array(z.string())
      .optional()
      .describe('Read, without effect.')
      .meta({ examples: [['serve']] }),
    args: z
      .array(z.string())
      .optional()
      .describe('Read, without effect.')
      .meta({ examples: [['--port', '8080']] }),
    ports: z
      .array(
        z.strictObject({
          name: z
            .string()
            .optional()
            .describe('For people.')
            .meta({ examples: ['web'] }),
          containerPort: z
            .int()
            .min(1)
            .max(65_535)
            .describe('Read, without effect.')
            .meta({ examples: [8080] }),
          protocol: z
            .enum(['TCP', 'UDP', 'SCTP'])
            .optional()
            .describe('Read, without effect.')
            .meta({ examples: ['TCP'] }),
        }),
      )
      .optional()
      .describe('For people: nothing listens there but a workload’s server.'),
  })
  .meta({ unknownField: NOT_HONOURED });

const podSpec = z
  .strictObject({
    containers: z.array(container).min(1).describe('What the pod stands for; nothing of it is run.'),
    nodeName: z
      .string()
      .optional()
      .describe('The node that it must be on.')
      .meta({ examples: ['b1'] }),
    nodeSelector: z
      .strictObject({
        [HOSTNAME]: z
          .string()
          .describe('The node that it must be on.')
          .meta({ examples: ['b1'] }),
      })
      .meta({ unknownField: 'nodes have no such label' })
      .optional()
      .describe('As nodeName: the only label of a node is its name.'),
  })
  .meta({ unknownField: NOT_HONOURED });

const version = (value: 'v1' | 'apps/v1') =>
  z
    .literal(value)
    .describe('Of the kind, as Kubernetes has it.')
    .meta({ examples: [value] });

const pod = z.strictObject({
  apiVersion: version('v1'),
  kind: z
    .literal('Pod')
    .describe('One pod.')
    .meta({ examples: ['Pod'] }),
  metadata,
  spec: podSpec.describe('What it is.'),
});

const deployment = z.strictObject({
  apiVersion: version('apps/v1'),
  kind: z
    .literal('Deployment')
    .describe('Pods of one template: <name>-1, <name>-2, …')
    .meta({ examples: ['Deployment'] }),
  metadata,
  spec: z
    .strictObject({
      replicas: z
        .int()
        .min(0)
        .max(200)
        .default(1)
        .describe('How many.')
        .meta({ examples: [2] }),
      selector: z
        .strictObject({ matchLabels: labels.describe('Must be among the labels of the template.') })
        .describe('Which pods are its own.'),
      template: z
        .strictObject({
          metadata: z
            .strictObject({
              namespace,
              labels: labels.describe('Of each pod.'),
              annotations,
            })
            .meta({ unknownField: NOT_HONOURED })
            .describe('Of each pod.'),
          spec: podSpec.describe('What each pod is.'),
        })
        .describe('What its pods are.'),
    })
    .meta({ unknownField: 'cannot be honoured: pods are made once, when the lab is built' })
    .describe('What is made.'),
});

const service = z.strictObject({
  apiVersion: version('v1'),
  kind: z
    .literal('Service')
    .describe('A name for a set of pods.')
    .meta({ examples: ['Service'] }),
  metadata,
  spec: z
    .strictObject({
      type: z
        .literal('ClusterIP')
        .optional()
        .describe('The only type; no address is made for it.')
        .meta({ examples: ['ClusterIP'] }),
      selector: labels.describe('Pods with all these labels.'),
      ports: z
        .array(
          z.strictObject({
            name: z
              .string()
              .optional()
              .describe('For people.')
              .meta({ examples: ['web'] }),
            port: z
              .int()
              .min(1)
              .max(65_535)
              .describe('Read, without effect.')
              .meta({ examples: [80] }),
            targetPort: z
              .union([z.int(), z.string()])
              .optional()
              .describe('Read, without effect.')
              .meta({ examples: [8080, 'web'] }),
            protocol: z
              .enum(['TCP', 'UDP', 'SCTP'])
              .optional()
              .describe('Read, without effect.')
              .meta({ examples: ['TCP'] }),
          }),
        )
        .optional()
        .describe('For people: a service here has no address of its own.'),
    })
    .meta({ unknownField: 'cannot be honoured: a service here is the name of a set of pods' })
    .describe('Which pods it names.'),
});

const pathPolicy = z.strictObject({
  apiVersion: z
    .literal('cilion.io/v1alpha1')
    .describe('Of the kind.')
    .meta({ examples: ['cilion.io/v1alpha1'] }),
  kind: z
    .literal('ScionPathPolicy')
    .describe('Which paths the packets of some pods may take.')
    .meta({ examples: ['ScionPathPolicy'] }),
  metadata,
  spec: pathPolicySpec.describe('Which pods, and which paths.'),
});

export const manifestSchema = z.discriminatedUnion('kind', [pod, deployment, service, pathPolicy]);

export type Manifest = z.output<typeof manifestSchema>;
export type PodSpec = z.output<typeof podSpec>;

/** The node that a pod asks for, if it asks for one, and the field that says so. */
export function wantedNode(spec: PodSpec): { node: string; field: readonly string[] } | undefined {
  if (spec.nodeName !== undefined) return { node: spec.nodeName, field: ['nodeName'] };
  const hostname = spec.nodeSelector?.[HOSTNAME];
  return hostname === undefined ? undefined : { node: hostname, field: ['nodeSelector', HOSTNAME] };
}
