/** What pods need to read from their cluster: ConfigMaps, Secrets, tokens. */
import { z } from 'zod';
import { isNotFound } from '../agones/kube/kube-client.ts';
import type { KubeClient } from '../agones/kube/kube-client.ts';
import type { Pod } from './pod.ts';

export type Keyed = Readonly<Record<string, string>>;

export interface PodToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface ClusterReads {
  configMap(namespace: string, name: string, signal: AbortSignal): Promise<Keyed | undefined>;
  secret(namespace: string, name: string, signal: AbortSignal): Promise<Keyed | undefined>;
  /** A token of the pod's service account, bound to the pod. */
  token(pod: Pod, audience: string, seconds: number, signal: AbortSignal): Promise<PodToken>;
}

const Data = z.object({ data: z.record(z.string(), z.string()).default({}) });
const TokenAnswer = z.object({ status: z.object({ token: z.string(), expirationTimestamp: z.string() }) });

export function clusterReads(client: KubeClient): ClusterReads {
  const read = async (path: string, signal: AbortSignal): Promise<Keyed | undefined> => {
    try {
      return Data.parse(await client.send({ method: 'GET', path, signal })).data;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  return {
    configMap: (namespace, name, signal) => read(`/api/v1/namespaces/${namespace}/configmaps/${name}`, signal),
    secret: async (namespace, name, signal) => {
      const encoded = await read(`/api/v1/namespaces/${namespace}/secrets/${name}`, signal);
      if (encoded === undefined) return undefined;
      return Object.fromEntries(Object.entries(encoded).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
    },
    token: async (pod, audience, seconds, signal) => {
      const { namespace, name, uid } = pod.metadata;
      const answer = await client.send({
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/serviceaccounts/${pod.spec.serviceAccountName}/token`,
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            ...(audience === '' ? {} : { audiences: [audience] }),
            expirationSeconds: seconds,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
          },
        },
        signal,
      });
      const { status } = TokenAnswer.parse(answer);
      return { token: status.token, expiresAt: new Date(status.expirationTimestamp) };
    },
  };
}
