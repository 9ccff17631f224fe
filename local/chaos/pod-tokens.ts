/** Tokens as a kubelet would mount them, for game servers without a pod: signed by the cluster's own key, which is ours here. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { importPKCS8, SignJWT } from 'jose';
import { z } from 'zod';
import { AUDIENCE } from '../../contracts/roles.ts';
import type { Send } from '../../contracts/client.ts';

export interface PodTokens {
  tokenOf(namespace: string, pod: { readonly name: string; readonly uid: string }): Promise<string>;
}

const KeySet = z.object({ keys: z.array(z.object({ kid: z.string() })).min(1) });
const TOKEN_SECONDS = 3_600;

export interface IssuingCluster {
  readonly issuer: string;
  readonly url: string;
  /** Where the control plane keeps its data. */
  readonly folder: string;
}

export async function openPodTokens({ issuer, url, folder }: IssuingCluster, send: Send): Promise<PodTokens> {
  const token = tokenIn(await readFile(path.join(folder, 'tokens.csv'), 'utf8'));
  const headers = { authorization: `Bearer ${token}` };
  const answer = await send({ method: 'GET', url: `${url}/openid/v1/jwks`, headers, body: undefined, timeoutMs: 5_000, signal: undefined });
  const kid = KeySet.parse(JSON.parse(answer.body)).keys[0]?.kid ?? '';
  const key = await importPKCS8(await readFile(path.join(folder, 'service-account.key'), 'utf8'), 'RS256');
  return {
    tokenOf: (namespace, pod) =>
      new SignJWT({ 'kubernetes.io': { namespace, pod } })
        .setProtectedHeader({ alg: 'RS256', kid })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(`system:serviceaccount:${namespace}:game`)
        .setIssuedAt()
        .setExpirationTime(`${TOKEN_SECONDS} s`)
        .sign(key),
  };
}

function tokenIn(csv: string): string {
  return csv.split(',')[0] ?? '';
}
