/** Access to a kind cluster from the host: kind's own kubeconfig, with the control plane's address in place of its name. */
import { parse, stringify } from 'yaml';
import { LabError } from '../../errors.ts';
import type { ApiAccess } from '../api/client.ts';

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

export interface Access {
  /** The file. */
  readonly text: string;
  readonly access: ApiAccess;
}

/** @param text As `kind get kubeconfig --internal` prints it. @throws LabError where it is another kind of file */
export function accessFrom(text: string, address: string): Access {
  const config = parse(text) as Kubeconfig & Record<string, unknown>;
  const cluster = config.clusters?.[0]?.cluster;
  const user = config.users?.[0]?.user;
  const decoded = (value: string | undefined) => {
    if (value === undefined) throw new LabError("kind's kubeconfig has no certificates");
    return Buffer.from(value, 'base64').toString('utf8');
  };
  const server = `https://${address}:6443`;
  const clusters = config.clusters.map((each) => ({ ...each, cluster: { ...each.cluster, server } }));
  return {
    text: stringify({ ...config, clusters }),
    access: {
      server,
      ca: decoded(cluster?.['certificate-authority-data']),
      certificate: {
        cert: decoded(user?.['client-certificate-data']),
        key: decoded(user?.['client-key-data']),
      },
    },
  };
}
