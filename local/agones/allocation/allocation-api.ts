/**
 * The aggregated API `allocation.agones.dev/v1` (answers as recorded in `allocation.json`). Nothing is stored: an allocation
 * is a call. `dryRun` and `fieldValidation` are ignored, as by the real one.
 */
import { decodes } from '../webhooks/decodes.ts';
import { invalidStatus } from '../webhooks/field-fault.ts';
import {
  ALLOCATION_API_VERSION,
  ALLOCATION_GROUP,
  ALLOCATION_KIND,
  defaultedSpec,
  type AllocationSpec,
  type AllocationStatus,
} from './allocation.ts';
import { ALLOCATION_SPEC } from './allocation-schema.ts';
import { allocationFaults } from './allocation-verdicts.ts';

export interface AllocationAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type Allocate = (namespace: string, spec: AllocationSpec) => Promise<AllocationStatus>;

const version = { groupVersion: ALLOCATION_API_VERSION, version: 'v1' };

/** What the API server reads to learn which resources this API has. */
export const ALLOCATION_DISCOVERY: Readonly<Record<string, unknown>> = {
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [{ name: ALLOCATION_GROUP, versions: [version], preferredVersion: version }],
  },
  '/apis/allocation.agones.dev': {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: ALLOCATION_GROUP,
    versions: [version],
    preferredVersion: version,
  },
  '/apis/allocation.agones.dev/v1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: ALLOCATION_API_VERSION,
    resources: [
      {
        name: 'gameserverallocations',
        singularName: 'gameserverallocation',
        namespaced: true,
        kind: ALLOCATION_KIND,
        verbs: ['create'],
        shortNames: ['gsa'],
      },
    ],
  },
};

/** Answers one POST to a namespace's `gameserverallocations`. */
export async function answerAllocation(
  namespace: string,
  contentType: string,
  accept: string,
  text: string,
  allocate: Allocate,
  now: () => Date,
): Promise<AllocationAnswer> {
  const decoded = await decodedBody(contentType, text);
  if ('fault' in decoded) return plain(500, decoded.fault);
  const spec = defaultedSpec(decoded.spec);
  const faults = allocationFaults(spec);
  if (faults.length > 0) {
    return json(422, invalidStatus({ group: ALLOCATION_GROUP, kind: ALLOCATION_KIND, name: '' }, faults));
  }
  if (spec.multiClusterSetting?.enabled === true) return plain(500, 'no multi-cluster allocation policy is specified');
  const createdAt = now();
  let status: AllocationStatus;
  try {
    status = await allocate(namespace, spec);
  } catch (error) {
    return plain(500, error instanceof Error ? error.message : 'the allocation failed');
  }
  const { name: _named, namespace: _other, ...given } = decoded.metadata;
  const answer = {
    kind: ALLOCATION_KIND,
    // What was sent without its kind comes back under a version that means nothing.
    apiVersion: decoded.isNamed ? ALLOCATION_API_VERSION : 'v1',
    metadata: {
      ...given,
      ...(status.gameServerName === '' ? {} : { name: status.gameServerName }),
      namespace,
      creationTimestamp: createdAt.toISOString().replace(/\.\d+Z$/, 'Z'),
    },
    spec,
    status,
  };
  return await inWantedForm(accept, answer);
}

async function inWantedForm(accept: string, answer: unknown): Promise<AllocationAnswer> {
  if (!accept.includes('yaml')) return json(201, answer);
  const { stringify } = await import('yaml');
  return { status: 201, contentType: 'application/yaml', body: stringify(answer) };
}

type Decoded =
  | { readonly fault: string }
  | { readonly spec: AllocationSpec; readonly metadata: Readonly<Record<string, unknown>>; readonly isNamed: boolean };

async function decodedBody(contentType: string, text: string): Promise<Decoded> {
  const mediaType = contentType.split(';')[0]?.trim() ?? '';
  if (mediaType === '') return { fault: 'error parsing mediatype from a request header: mime: no media type' };
  if (mediaType !== 'application/json' && mediaType !== 'application/yaml') return { fault: 'Could not find deserializer' };
  let body: unknown;
  try {
    body = mediaType === 'application/yaml' ? (await import('yaml')).parse(text) : JSON.parse(text);
  } catch {
    return { fault: "error decoding body: couldn't get version/kind; json parse error: unexpected end of JSON input" };
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const type = Array.isArray(body) ? 'array' : typeof body;
    return {
      fault:
        `error decoding body: couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of ` +
        'type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    };
  }
  return decodedObject(Object.fromEntries(Object.entries(body)));
}

function decodedObject(body: Readonly<Record<string, unknown>>): Decoded {
  const { apiVersion = ALLOCATION_API_VERSION, kind = ALLOCATION_KIND, spec = {}, metadata = {} } = body;
  if (apiVersion !== ALLOCATION_API_VERSION || kind !== ALLOCATION_KIND) {
    const unknown = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
    return { fault: `error decoding body: ${unknown} in scheme "pkg/runtime/scheme.go:111"` };
  }
  if (typeof spec !== 'object' || spec === null || !decodes(ALLOCATION_SPEC, spec)) {
    return { fault: 'error decoding body: json: cannot unmarshal the specification of an allocation' };
  }
  const isObject = typeof metadata === 'object' && metadata !== null;
  return { spec, metadata: isObject ? { ...metadata } : {}, isNamed: 'kind' in body || 'apiVersion' in body };
}

const json = (status: number, body: unknown): AllocationAnswer => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify(body),
});

const plain = (status: number, fault: string): AllocationAnswer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${fault}\n`,
});
