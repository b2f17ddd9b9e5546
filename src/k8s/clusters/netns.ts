/**
 * A cluster of network namespaces: the lab's plan has its nodes and pods, its network makes them, and its manifests say what
 * an API server would.
 */
import type { ClusterBackend } from './backend.ts';

export const netns: ClusterBackend = {
  name: 'netns',
  about: 'nodes and pods are network namespaces',
  create: async (clusters) => clusters.map((plan) => ({ plan, nodes: new Map(), pods: new Map() })),
};
