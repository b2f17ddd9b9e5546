/** Of the commands that build a scenario's lab. */
import type { OptionSpec } from './command.ts';

export const CLUSTERS_OPTION: OptionSpec = {
  flags: '--clusters <backend>',
  description: 'netns, network namespaces, or kind, Kubernetes in containers: what clusters are made of',
  default: 'netns',
};
