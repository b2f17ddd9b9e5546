/** The CustomResourceDefinitions of group cilion.io. deploy/crds holds them as files. */
import type { z } from 'zod';
import { clusterPeerSpec } from './cluster-peer.ts';
import { linkSpec } from './link.ts';
import { type OpenApiSchema, openApiOf } from './open-api.ts';
import { pathPolicySpec } from './path-policy.ts';
import { plainStatus, policyStatus } from './status.ts';

export const GROUP = 'cilion.io';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  /** Only with `-o wide`. */
  readonly priority?: number;
}

export interface Resource {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: OpenApiSchema;
  readonly columns: readonly Column[];
}

const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function condition(name: string, part: 'status' | 'reason' | 'message', title: string, priority = 0): Column {
  const jsonPath = `.status.conditions[?(@.type=="${name}")].${part}`;
  return { name: title, type: 'string', jsonPath, ...(priority === 0 ? {} : { priority }) };
}

export const RESOURCES: readonly Resource[] = [
  {
    kind: 'ScionPathPolicy',
    plural: 'scionpathpolicies',
    shortNames: ['spp'],
    scope: 'Namespaced',
    description: 'Which SCION paths the packets of some pods may take to other clusters.',
    spec: pathPolicySpec,
    status: policyStatus,
    columns: [
      { name: 'Strategy', type: 'string', jsonPath: '.spec.pathConstraints.strategy' },
      { name: 'Priority', type: 'integer', jsonPath: '.spec.priority' },
      condition('Satisfied', 'status', 'Satisfied'),
      condition('Satisfied', 'reason', 'Reason'),
      condition('Satisfied', 'message', 'Message', 1),
      age,
    ],
  },
  {
    kind: 'ScionLink',
    plural: 'scionlinks',
    shortNames: ['slink'],
    scope: 'Cluster',
    description: 'A link to a neighbouring AS that ends at a node of this cluster.',
    spec: linkSpec,
    status: plainStatus,
    columns: [
      { name: 'Type', type: 'string', jsonPath: '.spec.linkType' },
      { name: 'Remote AS', type: 'string', jsonPath: '.spec.remoteAS' },
      { name: 'Interface', type: 'integer', jsonPath: '.spec.interfaceID' },
      { name: 'Remote IP', type: 'string', jsonPath: '.spec.underlay.remoteIP', priority: 1 },
      condition('Programmed', 'status', 'Programmed'),
      age,
    ],
  },
  {
    kind: 'ScionClusterPeer',
    plural: 'scionclusterpeers',
    shortNames: ['speer'],
    scope: 'Cluster',
    description: 'Another cluster: its AS, and the addresses of its pods.',
    spec: clusterPeerSpec,
    status: plainStatus,
    columns: [
      { name: 'Remote ISD', type: 'integer', jsonPath: '.spec.remoteISD' },
      { name: 'Remote AS', type: 'string', jsonPath: '.spec.remoteAS' },
      condition('Reachable', 'status', 'Reachable'),
      condition('Reachable', 'message', 'Message', 1),
      age,
    ],
  },
];

/** The definition as `kubectl apply` takes it. */
export function definitionOf(resource: Resource): object {
  const { kind, plural, shortNames, scope, description, columns } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames,
        categories: ['cilion'],
      },
      scope,
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string', description: 'Version of the kind.' },
                kind: { type: 'string', description: 'Name of the kind.' },
                metadata: { type: 'object' },
                spec: { description: 'What is wanted.', ...openApiOf(resource.spec) },
                status: resource.status,
              },
            },
          },
        },
      ],
    },
  };
}
