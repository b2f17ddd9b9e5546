/**
 * Follows one link in this process's network namespace: `node link-ends-process.ts <the neighbour's address>`. Prints a line
 * whenever its end is another than before.
 */
import { LinkEnds } from '../../src/k8s/agent/link-ends.ts';
import type { PlacedLink } from '../../src/k8s/agent/link-places.ts';

const underlay = { type: 'UDP/IPv4', remoteIP: process.argv[2] ?? '', remotePort: 50_000 };
const spec = { linkType: 'Core', remoteAS: '1-ff00:0:110', mtu: 1500, underlay };
const object = { metadata: { name: 'link' }, spec };
const link = { object, node: 'here', ifid: 1, role: 'core', spec } as unknown as PlacedLink;

const ends = new LinkEnds(() => {
  const end = ends.get(link);
  if (end === undefined) return;
  process.stdout.write(`${'fault' in end ? end.fault.reason : `${end.device} ${end.own.remote.mac}`}\n`);
});
ends.follow([link]);
setInterval(() => {}, 1000);
