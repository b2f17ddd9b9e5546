/** ScionLink: an inter-AS link that ends at this cluster. */
import { z } from 'zod';
import { crdFacts, ipv4, isdAs } from './fields.ts';
import { labels } from './labels.ts';

const port = z.int().min(1).max(65_535);

export const linkSpec = z.strictObject({
  linkType: z
    .enum(['Parent', 'Child', 'Core', 'Peer'])
    .describe('What the neighbour is to this AS.')
    .meta({ examples: ['Parent'] }),
  remoteAS: isdAs.describe('The neighbour.'),
  interfaceID: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('Number of the link in this AS, as its control service knows it. Without it the link is not put to work.')
    .meta({ examples: [41] }),
  mtu: z
    .int()
    .min(1308)
    .max(9216)
    .default(1500)
    .describe('Largest IP packet on the link, bytes.')
    .meta({ examples: [1500] }),
  nodeSelector: z
    .strictObject({ matchLabels: labels.describe('Labels that the node has.') })
    .optional()
    .describe('The node at which the link ends: of those selected the first by name; of all, unless given.'),
  underlay: z
    .strictObject({
      type: z
        .enum(['UDP/IPv4'])
        .describe('What carries SCION on the link.')
        .meta({ examples: ['UDP/IPv4'] }),
      remoteIP: ipv4.describe('The neighbour’s router.'),
      remotePort: port.describe('Its port for this link; each link has its own.').meta({ examples: [50000] }),
      localIP: ipv4.optional().describe('This end; the node’s address on that wire unless given.'),
      localPort: port
        .optional()
        .describe('This end’s port; as the far end’s unless given.')
        .meta({ examples: [50000] }),
    })
    .register(crdFacts, {
      rules: [
        {
          rule: '!has(self.localIP) || self.localIP != self.remoteIP',
          message: 'localIP and remoteIP are the two ends of the link and cannot be the same',
        },
      ],
    })
    .superRefine(({ localIP, remoteIP }, context) => {
      if (localIP !== remoteIP) return;
      const message = `is ${remoteIP}, as the far end is`;
      context.addIssue({ code: 'custom', path: ['localIP'], message, params: { expected: 'the address of this end' } });
    })
    .describe('How packets get to the neighbour.'),
});
