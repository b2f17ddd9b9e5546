/** What our own topology file may hold. The JSON Schema for editors is generated from this. */
import { z } from 'zod';
import { name, rate, ratio, wireTime } from '../input/fields.ts';
import { endpoint, isdAs } from './endpoint.ts';
import { prefixText } from './prefix.ts';

/**
 * The reference refuses SCION MTUs below 1280 (SCION_MIN_MTU); 20 bytes of IPv4 and 8 of UDP carry them on the wire.
 */
export const UNDERLAY_OVERHEAD = 28;
export const MIN_MTU = 1280 + UNDERLAY_OVERHEAD;
export const MAX_MTU = 9216;
export const DEFAULT_MTU = 1500;

const mtu = z
  .int()
  .min(MIN_MTU)
  .max(MAX_MTU)
  .meta({ examples: [1400] });

const shapeFields = {
  delay: wireTime
    .optional()
    .describe('One-way delay; none where nobody names one.')
    .meta({ examples: ['5ms'] }),
  jitter: wireTime
    .optional()
    .describe('Extra delay, uniform between nothing and this; frames keep their order.')
    .meta({ examples: ['1ms'] }),
  loss: ratio.optional().describe('Share of frames that are lost, each independently of the others.'),
  rate: rate.optional().describe('Bits per second that fit through, with 24 bytes of Ethernet overhead a frame.'),
  queue: wireTime
    .optional()
    .describe('Longest time that a frame waits for the rate limit before it is dropped; 50ms where nobody names one.')
    .meta({ examples: ['10ms'] }),
};

const shape = z.strictObject(shapeFields);

const autonomousSystem = z.strictObject({
  core: z
    .boolean()
    .default(false)
    .describe('Whether it is a core AS of its ISD.')
    .meta({ examples: [true] }),
  label: name
    .optional()
    .describe('A word for people, shown in pictures and usable in scenarios in place of the ISD-AS.')
    .meta({ examples: ['core'] }),
  mtu: mtu.optional().describe('Largest IP packet inside the AS, bytes.'),
  prefix: prefixText.optional().describe('IPv4 prefix that it originates in BGP; planned where absent.'),
  voting: z
    .boolean()
    .optional()
    .describe('Votes on trust root updates; where absent, core ASes do.')
    .meta({ examples: [true] }),
  authoritative: z
    .boolean()
    .optional()
    .describe('Authoritative for its ISD; where absent, core ASes are.')
    .meta({ examples: [true] }),
  issuing: z
    .boolean()
    .optional()
    .describe('Issues certificates; where absent, core ASes do.')
    .meta({ examples: [true] }),
  certIssuer: isdAs.optional().describe('The AS that certifies it; where absent, the first issuing AS of its ISD.'),
});

const link = z.strictObject({
  a: endpoint
    .describe(
      'One end: ISD-AS#interface; without #interface, the lowest free number. The parent (provider) on a child link.',
    )
    .meta({ examples: ['1-ff00:0:110#1', '1-ff00:0:110'] }),
  b: endpoint
    .describe('The other end: ISD-AS#interface. The child (customer) on a child link.')
    .meta({ examples: ['1-ff00:0:111#41'] }),
  type: z
    .enum(['core', 'child', 'peer'])
    .describe('child: a provides for b; core: between core ASes; peer: equals.')
    .meta({ examples: ['child'] }),
  mtu: mtu.optional().describe('Largest IP packet on the wire, bytes; over `internet`, routed between the ends.'),
  underlay: z
    .enum(['wire', 'internet', 'none'])
    .default('wire')
    .describe(
      'wire: SCION in UDP straight over the wire. internet: in UDP routed by BGP, without a wire of its own. none: the wire carries IP and BGP alone.',
    )
    .meta({ examples: ['internet', 'none', 'wire'] }),
  ...shapeFields,
  ab: shape.optional().describe('What is different from a to b.'),
  ba: shape.optional().describe('What is different from b to a.'),
});

export const topologySchema = z
  .strictObject({
    $schema: z
      .string()
      .optional()
      .describe('For editors; ignored. A comment in the first line does the same.')
      .meta({ examples: ['../../schemas/topology.schema.json'] }),
    name: name.describe('Name of the topology.').meta({ examples: ['tiny'] }),
    defaults: z
      .strictObject({
        link: shape.optional().describe('Shape of every link that says nothing else.'),
        mtu: mtu.optional().describe('MTU of ASes and links that name none; 1500 where absent.'),
      })
      .default({})
      .describe('What holds where an AS or a link says nothing.'),
    ases: z.record(z.string(), autonomousSystem).describe('The ASes, by ISD-AS.'),
    links: z.array(link).describe('The links between them.'),
  })
  .describe('An internet of SCION ASes for a CilION scenario.');

export type TopologyInput = z.output<typeof topologySchema>;
export type LinkInput = TopologyInput['links'][number];
export type ShapeInput = z.output<typeof shape>;
