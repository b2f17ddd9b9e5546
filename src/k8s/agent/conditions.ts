/** Conditions in the status of our resources, as other resources of Kubernetes have them. */
import { isDeepStrictEqual } from 'node:util';
import type { ZodError } from 'zod';
import type { ApiClient } from '../api/client.ts';
import type { ApiObject } from '../api/collection.ts';
import { API_VERSION, GROUP, RESOURCES, VERSION } from '../crd/definitions.ts';

/** What is to be said of an object. */
export interface Finding {
  readonly type: string;
  readonly holds: boolean;
  /** In one word. */
  readonly reason: string;
  readonly message: string;
}

/** The same with the object, whose kind is one of ours. */
export interface Stated {
  readonly kind: string;
  readonly object: ObjectWithStatus;
  readonly finding: Finding;
  /** What stands in the status beside the condition. */
  readonly rest?: object;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

export interface ObjectWithStatus extends ApiObject {
  readonly status?: { readonly conditions?: readonly Condition[] } & Readonly<Record<string, unknown>>;
}

/** One of our resources, as the API server has it. */
export interface ResourceObject extends ObjectWithStatus {
  readonly spec: unknown;
}

/** One that cannot be put to work, and why. */
export interface RefusedObject {
  readonly object: ResourceObject;
  readonly finding: Finding;
}

/** What is wrong in a specification that the API server has let pass. */
export function faultOf({ issues: [issue] }: ZodError): string {
  return `spec.${issue?.path.join('.')}: ${issue?.message}`;
}

const MANAGER = 'cilion-agent';

/**
 * The status that an object should have; undefined where it has it already.
 * @param rest What stands in the status beside the condition.
 */
export function statusOf(object: ObjectWithStatus, finding: Finding, rest: object = {}): object | undefined {
  const { generation } = object.metadata;
  const before = object.status?.conditions?.find(({ type }) => type === finding.type);
  const status = finding.holds ? 'True' : 'False';
  const condition: Condition = {
    type: finding.type,
    status,
    reason: finding.reason,
    message: finding.message,
    lastTransitionTime:
      before?.status === status ? before.lastTransitionTime : new Date().toISOString().replace(/\.\d+/, ''),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  const written = Object.keys(rest).map((key) => object.status?.[key]);
  const same = isDeepStrictEqual([before, ...written], [condition, ...Object.values(rest)]);
  return same ? undefined : { conditions: [condition], ...rest };
}

/** @throws ApiError, and what Node throws when the API server cannot be reached */
export async function writeStatus(
  client: ApiClient,
  kind: string,
  { metadata: { namespace, name } }: ApiObject,
  status: object,
): Promise<void> {
  const resource = RESOURCES.find((each) => each.kind === kind);
  if (resource === undefined) throw new RangeError(`${kind} is none of our resources`);
  const folder = namespace === undefined ? resource.plural : `namespaces/${namespace}/${resource.plural}`;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  await client.apply(`/apis/${GROUP}/${VERSION}/${folder}/${name}/status`, MANAGER, {
    apiVersion: API_VERSION,
    kind,
    metadata,
    status,
  });
}
