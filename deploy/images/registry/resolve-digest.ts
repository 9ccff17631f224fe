/**
 * Tag → digest, asked of the registry itself by the distribution API: HEAD of the manifest; where the registry wants a token first (RFC 6750,
 * as registries that anyone may pull from do), an anonymous one.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { imageReference, isLoopback } from './image-reference.ts';

const ANSWER_MS = 20_000;
/** An index of platforms first: the digest then fits every one of them. */
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Token = z.union([z.object({ token: z.string() }), z.object({ access_token: z.string() })]);
/** Docker Hub's API is at another address than its name. */
const API_HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** @throws with what the registry answered, when it does not say. */
export async function resolveDigest(name: string, signal: AbortSignal): Promise<string> {
  const { registry, path, version, isDigest } = imageReference(name);
  if (isDigest) return version;
  const host = API_HOSTS[registry] ?? registry;
  const url = `${isLoopback(registry) ? 'http' : 'https'}://${host}/v2/${path}/manifests/${version}`;
  const ask = (method: 'HEAD' | 'GET', token: string | undefined) =>
    fetch(url, {
      method,
      headers: { accept: ACCEPT, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });

  let token: string | undefined;
  let answer = await ask('HEAD', token);
  if (answer.status === 401) {
    token = await anonymousToken(answer.headers.get('www-authenticate') ?? '', signal);
    answer = await ask('HEAD', token);
  }
  if (!answer.ok) throw new Error(`${name}: ${registry} answers ${answer.status} ${answer.statusText}`.trimEnd());
  const said = Digest.safeParse(answer.headers.get('docker-content-digest'));
  if (said.success) return said.data;
  // The header is no registry's duty; the manifest's own bytes say it as well.
  const whole = await ask('GET', token);
  if (!whole.ok) throw new Error(`${name}: ${registry} answers ${whole.status} ${whole.statusText}`.trimEnd());
  return `sha256:${createHash('sha256')
    .update(Buffer.from(await whole.arrayBuffer()))
    .digest('hex')}`;
}

async function anonymousToken(challenge: string, signal: AbortSignal): Promise<string> {
  const fields = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]));
  const realm = fields.get('realm');
  if (!/^bearer /i.test(challenge) || realm === undefined) throw new Error(`it asks for "${challenge}", which needs a login: use a mirror`);
  const url = new URL(realm);
  for (const key of ['service', 'scope']) {
    const value = fields.get(key);
    if (value !== undefined) url.searchParams.set(key, value);
  }
  const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
  if (!answer.ok) throw new Error(`${url.origin} gives no token: ${answer.status} ${answer.statusText}`.trimEnd());
  const given = Token.parse(await answer.json());
  return 'token' in given ? given.token : given.access_token;
}
