/** What of deploy/ goes into a cluster, and where agents pin their maps on a node. */
import { fileURLToPath } from 'node:url';

const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));

export const CRDS = `${DEPLOY}crds`;
export const RBAC = `${DEPLOY}rbac.yaml`;
export const AGENT = `${DEPLOY}agent.yaml`;

/** The node's BPF file system, and the agent's folder in it. */
export const BPFFS = '/sys/fs/bpf';
export const AGENT_PINS = `${BPFFS}/cilion`;
