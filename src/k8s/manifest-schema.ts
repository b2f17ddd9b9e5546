/** The part of Kubernetes' manifests that a pod which is a network namespace can honour. All else is refused. */
import { z } from 'zod';

const NOT_HONOURED = 'cannot be honoured: a pod here is a network namespace that runs no image';

/** RFC 1123 label, as Kubernetes wants for names. */
const name = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, { message: 'is no valid name' });

const labels = z.record(z.string(), z.string());
const HOSTNAME = 'kubernetes.io/hostname';

const namespace = z.literal('default').optional();

const metadata = z
  .strictObject({ name, namespace, labels: labels.default({}), annotations: labels.optional() })
  .meta({ unknownField: NOT_HONOURED });

/** Read as a description of what the workloads stand for; nothing of it is run. */
const container = z
  .strictObject({
    name,
    image: z.string(),
    command: z.array(z.string()).optional(),
    args: z.array(z.string()).optional(),
    ports: z
      .array(
        z.strictObject({
          name: z.string().optional(),
          containerPort: z.int().min(1).max(65_535),
          protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional(),
        }),
      )
      .optional(),
  })
  .meta({ unknownField: NOT_HONOURED });

const podSpec = z
  .strictObject({
    containers: z.array(container).min(1),
    nodeName: z.string().optional(),
    nodeSelector: z
      .strictObject({ [HOSTNAME]: z.string() })
      .meta({ unknownField: 'nodes have no such label' })
      .optional(),
  })
  .meta({ unknownField: NOT_HONOURED });

const pod = z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('Pod'), metadata, spec: podSpec });

const deployment = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata,
  spec: z
    .strictObject({
      replicas: z.int().min(0).max(200).default(1),
      selector: z.strictObject({ matchLabels: labels }),
      template: z.strictObject({
        metadata: z
          .strictObject({ namespace, labels, annotations: labels.optional() })
          .meta({ unknownField: NOT_HONOURED }),
        spec: podSpec,
      }),
    })
    .meta({ unknownField: 'cannot be honoured: pods are made once, when the lab is built' }),
});

const service = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata,
  spec: z
    .strictObject({
      type: z.literal('ClusterIP').optional(),
      selector: labels,
      ports: z
        .array(
          z.strictObject({
            name: z.string().optional(),
            port: z.int().min(1).max(65_535),
            targetPort: z.union([z.int(), z.string()]).optional(),
            protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional(),
          }),
        )
        .optional(),
    })
    .meta({ unknownField: 'cannot be honoured: a service here is the name of a set of pods' }),
});

export const manifestSchema = z.discriminatedUnion('kind', [pod, deployment, service]);

export type Manifest = z.output<typeof manifestSchema>;
export type PodSpec = z.output<typeof podSpec>;

/** The node that a pod asks for, if it asks for one, and the field that says so. */
export function wantedNode(spec: PodSpec): { node: string; field: readonly string[] } | undefined {
  if (spec.nodeName !== undefined) return { node: spec.nodeName, field: ['nodeName'] };
  const hostname = spec.nodeSelector?.[HOSTNAME];
  return hostname === undefined ? undefined : { node: hostname, field: ['nodeSelector', HOSTNAME] };
}
