/** At which node of the cluster each ScionLink ends: from every node the same. Pure. */
import type { z } from 'zod';
import type { LinkRole } from '../../dataplane/router-maps.ts';
import { linkSpec } from '../crd/link.ts';
import { faultOf, type RefusedObject, type ResourceObject } from './conditions.ts';

export interface NodeObject {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly podCIDR?: string };
}

export type LinkSpec = z.output<typeof linkSpec>;

/** A link that can be put to work. */
export interface PlacedLink {
  readonly object: ResourceObject;
  readonly ifid: number;
  readonly role: LinkRole;
  readonly spec: LinkSpec;
  /** Name of the node. */
  readonly node: string;
}

export interface LinkPlaces {
  readonly placed: readonly PlacedLink[];
  readonly refused: readonly RefusedObject[];
}

/** What the neighbour is, by what objects call it. */
export const LINK_ROLES: Readonly<Record<LinkSpec['linkType'], LinkRole>> = {
  Parent: 'parent',
  Child: 'child',
  Core: 'core',
  Peer: 'peer',
};

/** The condition of every link. */
export const PROGRAMMED = 'Programmed';

const byName = (a: { metadata: { name: string } }, b: { metadata: { name: string } }): number =>
  a.metadata.name < b.metadata.name ? -1 : 1;

/** @param linkLimit Interfaces must be below it. */
export function placeLinks(
  objects: readonly ResourceObject[],
  nodes: readonly NodeObject[],
  linkLimit: number,
): LinkPlaces {
  const placed: PlacedLink[] = [];
  const refused: RefusedObject[] = [];
  const ordered = nodes.toSorted(byName);
  for (const object of objects.toSorted(byName)) {
    const refuse = (reason: string, message: string): void => {
      refused.push({ object, finding: { type: PROGRAMMED, holds: false, reason, message } });
    };
    const read = linkSpec.safeParse(object.spec);
    if (!read.success) {
      refuse('Invalid', faultOf(read.error));
      continue;
    }
    const spec = read.data;
    const { interfaceID: ifid, nodeSelector } = spec;
    if (ifid === undefined) {
      refuse(
        'NoInterfaceID',
        'interfaceID is not given: paths name the link by the number that the control service has',
      );
      continue;
    }
    if (ifid >= linkLimit) {
      refuse('InterfaceTooHigh', `the agents are configured for interfaces below ${linkLimit} (linkLimit)`);
      continue;
    }
    const taken = placed.find((other) => other.ifid === ifid);
    if (taken !== undefined) {
      refuse('InterfaceTaken', `interface ${ifid} is that of the link ${taken.object.metadata.name}`);
      continue;
    }
    const node = ordered.find(({ metadata: { labels = {} } }) => selects(nodeSelector?.matchLabels ?? {}, labels));
    if (node === undefined) {
      refuse('NoNode', 'no node has the labels of nodeSelector');
      continue;
    }
    placed.push({ object, ifid, role: LINK_ROLES[spec.linkType], spec, node: node.metadata.name });
  }
  return { placed, refused };
}

function selects(wanted: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
