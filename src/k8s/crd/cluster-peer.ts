/** ScionClusterPeer: another cluster, by its AS and the addresses of its pods. */
import { z } from 'zod';
import { IsdAsError, parseIsdAs } from '../../scion/isd-as.ts';
import { overlaps, parsePrefix } from '../../topology/ipv4.ts';
import type { IsdAs } from '../../topology/model.ts';
import { asPattern, cidr, crdFacts, ipv4, isd } from './fields.ts';

const CIDR_OVERLAP = 'a.exists_one(c, cidr(b).containsCIDR(cidr(c)) || cidr(c).containsCIDR(cidr(b)))';

/** Of the pairs of prefixes that overlap, the later one's place in the list. */
function overlapping(prefixes: readonly string[]): { index: number; text: string; other: string }[] {
  return prefixes.flatMap((text, index) => {
    const other = prefixes.slice(0, index).find((earlier) => overlaps(parsePrefix(earlier), parsePrefix(text)));
    return other === undefined ? [] : [{ index, text, other }];
  });
}

export const clusterPeerSpec = z
  .strictObject({
    remoteISD: isd
      .optional()
      .describe('ISD of the remote AS, where `remoteAS` does not name it.')
      .meta({ examples: [64] }),
    remoteAS: asPattern.describe('The AS that the cluster is: an ISD-AS, or an AS beside `remoteISD`.'),
    podCIDRs: z
      .array(cidr)
      .min(1)
      .max(32)
      .optional()
      .describe('Addresses of its pods.')
      .meta({ examples: [['10.2.0.0/16']] })
      .register(crdFacts, {
        rules: [
          {
            rule: `self.map(x, self).all(a, a.all(b, ${CIDR_OVERLAP}))`,
            message: 'podCIDRs must not overlap',
          },
        ],
      }),
    podCIDR: cidr.optional().describe('The same, where there is one prefix only.'),
    nodes: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(63).describe('For people.'),
          address: ipv4.describe('The node’s SCION host address.'),
          podCIDR: cidr.describe('Addresses of the pods on it.'),
          interfaces: z
            .array(z.int().min(1).max(65_535))
            .max(64)
            .default([])
            .describe(
              'Interfaces of the remote AS that end at it: paths over them need no further hop inside the cluster.',
            ),
        }),
      )
      .min(1)
      .max(256)
      .optional()
      .describe(
        'Its nodes: packets go to the one that the pod is on. Without them the peer is not reachable, and its status says so.',
      ),
  })
  .superRefine((spec, context) => {
    const report = (path: (string | number)[], message: string, expected: string) =>
      context.addIssue({ code: 'custom', path, message, params: { expected } });
    const { remoteISD, remoteAS, podCIDRs, podCIDR } = spec;
    if ((remoteAS.isd === undefined) === (remoteISD === undefined)) {
      const message =
        remoteISD === undefined ? `is ${remoteAS.text}, an AS without its ISD` : 'names an ISD, as remoteISD does';
      report(['remoteAS'], message, 'the ISD in one of the two');
    }
    if ((podCIDRs === undefined) === (podCIDR === undefined)) {
      const message = podCIDR === undefined ? 'is missing: a peer without pods is none' : 'stands beside podCIDRs';
      report([podCIDR === undefined ? 'podCIDRs' : 'podCIDR'], message, 'one of podCIDRs and podCIDR');
    }
    for (const { index, text, other } of overlapping(podCIDRs ?? []))
      report(['podCIDRs', index], `${text} overlaps ${other}`, 'prefixes that do not overlap');
    const own = podCIDRs ?? (podCIDR === undefined ? [] : [podCIDR]);
    spec.nodes?.forEach((node, index) => {
      const prefix = parsePrefix(node.podCIDR);
      if (own.some((each) => parsePrefix(each).length <= prefix.length && overlaps(parsePrefix(each), prefix))) return;
      report(
        ['nodes', index, 'podCIDR'],
        `${node.podCIDR} is not among the peer’s pods`,
        `a part of ${own.join(', ')}`,
      );
    });
  })
  .register(crdFacts, {
    rules: [
      {
        rule: "has(self.remoteISD) != self.remoteAS.contains('-')",
        message:
          'the ISD must stand either in remoteAS (64-ffaa:0:1102) or in remoteISD, not in both and not in neither',
      },
      {
        rule: 'has(self.podCIDRs) != has(self.podCIDR)',
        message: 'a peer has pods: one of podCIDRs and podCIDR must be given',
      },
      {
        rule: '!has(self.nodes) || self.nodes.all(n, (has(self.podCIDRs) ? self.podCIDRs : [self.podCIDR]).exists(c, cidr(c).containsCIDR(cidr(n.podCIDR))))',
        message: 'the podCIDR of a node must be a part of the podCIDRs of the peer',
      },
    ],
  });

export type ClusterPeerSpec = z.output<typeof clusterPeerSpec>;

/** @throws IsdAsError where the ISD stands nowhere */
export function peerIsdAs({ remoteISD, remoteAS }: Pick<ClusterPeerSpec, 'remoteISD' | 'remoteAS'>): IsdAs {
  if (remoteAS.isd !== undefined) return parseIsdAs(remoteAS.text);
  if (remoteISD === undefined) throw new IsdAsError(`${remoteAS.text} is an AS without its ISD`);
  return parseIsdAs(`${remoteISD}-${remoteAS.as}`);
}

export function peerCidrs({ podCIDRs, podCIDR }: Pick<ClusterPeerSpec, 'podCIDRs' | 'podCIDR'>): readonly string[] {
  return podCIDRs ?? (podCIDR === undefined ? [] : [podCIDR]);
}
