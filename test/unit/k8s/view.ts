/** What the agent of the first node of cluster a knows, without a lab. */
import type { NodeView } from '../../../src/k8s/agent/node-view.ts';
import { DST, FROM, SRC, TO } from './paths.ts';

const end = (host: number, port: number) => ({ address: `172.16.0.${host}`, port, mac: `02:00:00:00:00:0${host}` });
export const view: NodeView = {
  ia: SRC,
  address: '10.1.0.1',
  podCidr: '10.1.1.0/24',
  interfaces: FROM.interfaces.map((ifid) => ({
    ifid,
    role: 'parent',
    ifindex: 10 + ifid,
    own: end(ifid, 40_000),
    remote: end(ifid + 4, 40_001),
    mtu: 1500,
  })),
  lan: { ifindex: 20, mac: '02:00:00:00:00:09', mtu: 1500 },
  siblings: [{ address: '10.1.0.2', mac: '02:00:00:00:00:0a', interfaces: [{ ifid: 2, role: 'parent' }] }],
  remotes: [
    { id: 0, ia: DST, address: '10.2.0.1', podCidr: '10.2.1.0/24', interfaces: TO.interfaces },
    { id: 1, ia: DST, address: '10.2.0.2', podCidr: '10.2.2.0/24', interfaces: [2] },
  ],
};
