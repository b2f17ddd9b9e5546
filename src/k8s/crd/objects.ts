/** Reads the custom resources from files, as the API server would: every problem with file, line and field. */
import { z } from 'zod';
import { loadYamlDocuments, type YamlFile } from '../../input/yaml.ts';
import { clusterPeerSpec } from './cluster-peer.ts';
import { API_VERSION } from './definitions.ts';
import { labels } from './labels.ts';
import { linkSpec } from './link.ts';
import { pathPolicySpec } from './path-policy.ts';

/** A name that can be part of a DNS name, as Kubernetes wants for objects (RFC 1123 subdomain). */
const objectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, { message: 'is no valid name' });

const metadata = {
  name: objectName,
  labels: labels.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
};

const clusterScoped = z.strictObject(metadata);
const namespaced = z.strictObject({ ...metadata, namespace: objectName.default('default') });
const apiVersion = z.literal(API_VERSION);

export const objectSchema = z.discriminatedUnion('kind', [
  z.strictObject({ apiVersion, kind: z.literal('ScionPathPolicy'), metadata: namespaced, spec: pathPolicySpec }),
  z.strictObject({ apiVersion, kind: z.literal('ScionLink'), metadata: clusterScoped, spec: linkSpec }),
  z.strictObject({ apiVersion, kind: z.literal('ScionClusterPeer'), metadata: clusterScoped, spec: clusterPeerSpec }),
]);

export type ClusterObject = z.output<typeof objectSchema>;

/** @throws InputError with every problem in all documents */
export function loadObjects(file: string, text: string): YamlFile<ClusterObject>[] {
  return loadYamlDocuments(file, text, objectSchema);
}
