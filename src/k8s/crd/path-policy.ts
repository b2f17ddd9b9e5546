/** ScionPathPolicy: which paths the packets of some pods may take. */
import { z } from 'zod';
import { DURATION, parseQuantity } from '../../input/units.ts';
import type { PathInterface } from '../../scion/end-to-end-path.ts';
import { parseEndpoint } from '../../topology/endpoint.ts';
import { parseHopSequence } from '../policy/hop-sequence.ts';
import type { PathPolicy, Strategy } from '../policy/model.ts';
import { MAX_WEIGHTS } from '../policy/strategy.ts';
import { asPattern, boundedText, crdFacts, isd, isdAs } from './fields.ts';
import { labels } from './labels.ts';

const DEFAULT_PATHS = 2;
/** A path of 64 hop fields has no more. */
const MAX_INTERFACES = 126;

const label = z.string().min(1).max(317);

const podSelector = z.strictObject({
  matchLabels: labels.optional().describe('Labels that a pod must have, all of them.'),
  matchExpressions: z
    .array(
      z
        .strictObject({
          key: label.describe('The label.').meta({ examples: ['app'] }),
          operator: z
            .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
            .describe('What must hold of it.')
            .meta({ examples: ['In'] }),
          values: z
            .array(z.string().max(63))
            .min(1)
            .max(64)
            .optional()
            .describe('Of In and NotIn: the values.')
            .meta({ examples: [['web', 'cache']] }),
        })
        .superRefine(({ operator, values }, context) => {
          const wants = operator === 'In' || operator === 'NotIn';
          if (wants === (values !== undefined)) return;
          const message = wants ? 'is missing' : `stands beside ${operator}, which asks for none`;
          context.addIssue({
            code: 'custom',
            path: ['values'],
            message,
            params: { expected: wants ? 'a list' : 'nothing' },
          });
        })
        .register(crdFacts, {
          rules: [
            {
              rule: "(self.operator in ['In', 'NotIn']) == has(self.values)",
              message: 'values are needed by In and NotIn, and by nothing else',
            },
          ],
        }),
    )
    .max(16)
    .optional()
    .describe('Further conditions, all of which must hold.'),
});

const hop = boundedText(
  (text): PathInterface => {
    const { ia, ifid, router } = parseEndpoint(text);
    if (ifid === undefined || router !== undefined) throw new Error(`"${text}" names no interface`);
    return { ia, ifid };
  },
  {
    expected: 'ISD-AS#interface such as 1-ff00:0:110#1',
    pattern: '^\\d+-[0-9a-fA-F:]+#\\d+$',
    examples: ['1-ff00:0:110#1'],
    maxLength: 32,
    rules: [
      {
        rule: "self.matches('^[1-9][0-9]{0,4}-[0-9a-fA-F:]+#[1-9][0-9]{0,4}$')",
        message: 'must be ISD-AS#interface such as 1-ff00:0:110#1',
      },
    ],
  },
);

const maxLatency = boundedText((text) => parseQuantity(text, DURATION), {
  expected: DURATION.expected,
  pattern: '^\\d+(\\.\\d+)? ?(ns|us|ms|s|min)$',
  examples: ['30ms'],
  maxLength: 32,
  rules: [
    {
      rule: "self.matches('^[0-9]+([.][0-9]+)? ?(ns|us|ms|s|min)$')",
      message: 'must be a duration such as 30ms or 1.5s',
    },
  ],
});

const hopSequence = boundedText(parseHopSequence, {
  expected: 'hops such as 1-ff00:0:110 0* 2-ff00:0:210',
  pattern: '^[-0-9a-fA-F:#,()|?*+ ]+$',
  examples: ['0* 1-ff00:0:110 0*'],
  maxLength: 1024,
  rules: [
    {
      rule: "self.matches('^[-0-9a-fA-F:#,()|?*+ ]+$')",
      message: 'must be hops such as 1-ff00:0:110, 1-ff00:0:110#1,2 or 0 (any), with ?, *, +, | and parentheses',
    },
  ],
});

const ases = z.array(asPattern).min(1).max(64).optional();

const multipath = z
  .strictObject({
    paths: z
      .int()
      .min(2)
      .max(MAX_WEIGHTS)
      .optional()
      .describe('How many, if there are so many; 2 unless weights are given.')
      .meta({ examples: [3] }),
    weights: z
      .array(z.int().min(1).max(65_535))
      .min(2)
      .max(MAX_WEIGHTS)
      .optional()
      .describe('Shares of the flows, one a path, the fastest path’s first; equal unless given.')
      .meta({ examples: [[3, 2, 1]] }),
  })
  .superRefine(({ paths, weights }, context) => {
    if (paths === undefined || weights === undefined || weights.length === paths) return;
    const message = `${weights.length} weights stand beside ${paths} paths`;
    context.addIssue({ code: 'custom', path: ['weights'], message, params: { expected: 'a weight a path' } });
  })
  .register(crdFacts, {
    rules: [
      {
        rule: '!has(self.paths) || !has(self.weights) || size(self.weights) == self.paths',
        message: 'weights must be as many as paths',
      },
    ],
  });

const pathConstraints = z
  .strictObject({
    destinationAS: isdAs.optional().describe('Only towards this AS; every destination unless given.'),
    requireISDs: z
      .array(isd)
      .min(1)
      .max(64)
      .optional()
      .describe('Every AS of a path lies in one of these ISDs, the first and the last too.')
      .meta({ examples: [[1, 2]] }),
    avoidTransitASes: ases
      .describe('None of these lies between the first AS and the last.')
      .meta({ examples: [['ff00:0:120']] }),
    allowTransitASes: ases
      .describe('Only these lie between the first AS and the last.')
      .meta({ examples: [['1-ff00:0:110']] }),
    hopSequence: hopSequence.optional().describe('The path as a sequence of hops.'),
    maxLatency: maxLatency.optional().describe('Longest time one way, as the control plane states it.'),
    minMTU: z
      .int()
      .min(1308)
      .max(9216)
      .optional()
      .describe('Largest IP packet that every link must carry, bytes.')
      .meta({ examples: [1400] }),
    strategy: z
      .enum(['LowestLatency', 'ShortestPath', 'Disjoint', 'Pinned'])
      .default('LowestLatency')
      .describe(
        'Which of the paths that are allowed: fastest, fewest ASes, several without a link in common, or the one named.',
      )
      .meta({ examples: ['LowestLatency', 'ShortestPath'] }),
    multipath: multipath.optional().describe('Of the strategy Disjoint.'),
    pinnedPath: z
      .array(hop)
      .min(2)
      .max(MAX_INTERFACES)
      .optional()
      .describe('Of the strategy Pinned: the interfaces that the path crosses, in the order of travel.')
      .meta({ examples: [['1-ff00:0:112#1', '1-ff00:0:110#2', '1-ff00:0:110#1', '1-ff00:0:111#41']] }),
  })
  .superRefine((constraints, context) => {
    const { strategy, multipath: several, pinnedPath, avoidTransitASes, allowTransitASes } = constraints;
    const report = (path: (string | number)[], message: string, expected: string) =>
      context.addIssue({ code: 'custom', path, message, params: { expected } });
    if (strategy === 'Pinned' && pinnedPath === undefined)
      report(['pinnedPath'], 'is missing', 'the interfaces of a path');
    if (strategy !== 'Pinned' && pinnedPath !== undefined)
      report(['pinnedPath'], `has no meaning with the strategy ${strategy}`, 'strategy: Pinned');
    if (strategy !== 'Disjoint' && several !== undefined)
      report(['multipath'], `has no meaning with the strategy ${strategy}`, 'strategy: Disjoint');
    avoidTransitASes?.forEach(({ text }, index) => {
      if (!allowTransitASes?.some((other) => other.text === text)) return;
      report(['avoidTransitASes', index], `${text} is also among the ASes allowed`, 'one or the other');
    });
  })
  .register(crdFacts, {
    rules: [
      {
        rule: "(self.strategy == 'Pinned') == has(self.pinnedPath)",
        message: 'pinnedPath belongs to the strategy Pinned, which cannot do without',
      },
      {
        rule: "self.strategy == 'Disjoint' || !has(self.multipath)",
        message: 'multipath belongs to the strategy Disjoint',
      },
      {
        rule: '!has(self.avoidTransitASes) || !has(self.allowTransitASes) || self.avoidTransitASes.all(a, !(a in self.allowTransitASes))',
        message: 'an AS cannot be both avoided and allowed',
      },
    ],
  });

export const pathPolicySpec = z.strictObject({
  podSelector: podSelector.describe('The pods whose packets it is about; {} is all pods of the namespace.'),
  priority: z
    .int()
    .min(-1000)
    .max(1000)
    .default(0)
    .describe('Of several policies for a pod, the one with the highest decides.')
    .meta({ examples: [10] }),
  pathConstraints: pathConstraints.prefault({}).describe('What a path must be, and which of those that are it is.'),
  onUnsatisfied: z
    .enum(['Block', 'AnyPath', 'PlainIP'])
    .default('Block')
    .describe(
      'When no path is as it must be: drop the packets, let them take any SCION path, or leave them to plain IP.',
    )
    .meta({ examples: ['Block', 'AnyPath'] }),
});

export type PathPolicySpec = z.output<typeof pathPolicySpec>;

export function toPolicy(namespace: string, name: string, spec: PathPolicySpec): PathPolicy {
  const {
    destinationAS,
    requireISDs,
    avoidTransitASes,
    allowTransitASes,
    hopSequence: sequence,
  } = spec.pathConstraints;
  const { maxLatency: maxLatencyNs, minMTU: minMtu } = spec.pathConstraints;
  return {
    namespace,
    name,
    podSelector: spec.podSelector,
    destination: destinationAS,
    priority: spec.priority,
    constraints: { requireISDs, avoidTransitASes, allowTransitASes, hopSequence: sequence, maxLatencyNs, minMtu },
    strategy: toStrategy(spec.pathConstraints),
    onUnsatisfied: spec.onUnsatisfied,
  };
}

function toStrategy({ strategy, multipath: several, pinnedPath = [] }: PathPolicySpec['pathConstraints']): Strategy {
  switch (strategy) {
    case 'Disjoint': {
      const count = several?.paths ?? several?.weights?.length ?? DEFAULT_PATHS;
      return { kind: strategy, weights: several?.weights ?? new Array<number>(count).fill(1) };
    }
    case 'Pinned':
      return { kind: strategy, interfaces: pinnedPath };
    default:
      return { kind: strategy };
  }
}
