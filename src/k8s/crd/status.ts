/** The status of the custom resources: what is in force. Written by the agents, as OpenAPI. */
import type { OpenApiSchema } from './open-api.ts';

const text = (description: string, maxLength = 256): OpenApiSchema => ({ type: 'string', description, maxLength });
const count = (description: string): OpenApiSchema => ({ type: 'integer', format: 'int32', minimum: 0, description });

const conditions: OpenApiSchema = {
  type: 'array',
  description: 'What holds at the moment, as other resources of Kubernetes say it.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
    properties: {
      type: text('Which condition.', 316),
      status: { type: 'string', enum: ['True', 'False', 'Unknown'], description: 'Whether it holds.' },
      reason: text('Why, in one word.', 1024),
      message: text('Why, in a sentence.', 32_768),
      lastTransitionTime: { type: 'string', format: 'date-time', description: 'Since when.' },
      observedGeneration: {
        type: 'integer',
        format: 'int64',
        minimum: 0,
        description: 'Of which state of the resource.',
      },
    },
  },
};

/** Conditions alone. */
export const plainStatus: OpenApiSchema = {
  type: 'object',
  description: 'What is in force.',
  properties: { conditions },
};

const path: OpenApiSchema = {
  type: 'object',
  required: ['hops', 'latency', 'mtu'],
  properties: {
    hops: text('ASes and interfaces, in the order of travel.', 4096),
    latency: text('One way, as the control plane states it.', 32),
    mtu: count('Largest IP packet, bytes.'),
    weight: count('Share of the flows, of a policy that spreads them.'),
  },
};

const refused: OpenApiSchema = {
  type: 'object',
  required: ['reason', 'paths'],
  properties: { reason: text('Why: the path …', 1024), paths: count('How many paths it holds for.') },
};

/** Of a path policy: the paths in use, and why others were refused. */
export const policyStatus: OpenApiSchema = {
  type: 'object',
  description: 'What is in force.',
  properties: {
    conditions,
    destinations: {
      type: 'array',
      description: 'By remote AS.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['as'],
      items: {
        type: 'object',
        required: ['as'],
        properties: {
          as: text('The remote AS.', 20),
          inForce: text('Paths, Blocked, AnyPath or PlainIP.', 16),
          paths: {
            type: 'array',
            items: path,
            'x-kubernetes-list-type': 'atomic',
            description: 'In use, the preferred one first.',
          },
          refused: {
            type: 'array',
            items: refused,
            'x-kubernetes-list-type': 'atomic',
            description: 'Why others are not in use.',
          },
        },
      },
    },
  },
};
