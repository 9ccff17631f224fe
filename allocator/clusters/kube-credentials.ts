/** Who we are to an API server, and how we know it: from a kubeconfig, from the pod that we run in, or from Google. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { AppError } from '../../contracts/app-error.ts';
import { within } from '../../runtime/deadline.ts';
import type { GoogleToken } from '../../runtime/google/google-token.ts';

export interface Credentials {
  readonly target: { readonly hostname: string; readonly port: number; readonly path: string };
  readonly headers: Readonly<Record<string, string>>;
  /** What a connection is made with; the same connections serve while it stays the same. */
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;
}

/**
 * Looks them up anew: files may have been replaced, tokens renewed.
 * @param refused what the cluster does not take any more, for a source that would give the same again
 * @throws AppError `cluster_credentials`
 */
export type CredentialSource = (refused?: Credentials) => Promise<Credentials>;

/** Where a pod finds the identity that its cluster gave it. */
export interface PodIdentity {
  readonly host: string;
  readonly port: number;
  /** With `token` and `ca.crt`; Kubernetes renews them in place. */
  readonly folder: string;
}

/** An exec plugin, such as a cloud's login helper, must be done within this, in milliseconds. */
const LOOK_UP_MS = 10_000;

export function fromKubeconfig(file: string, context: string | undefined): CredentialSource {
  return () =>
    said(`the kubeconfig ${file}`, async () => {
      const config = new KubeConfig();
      config.loadFromFile(file);
      if (context !== undefined) config.setCurrentContext(context);
      const cluster = config.getCurrentCluster();
      if (cluster === null) throw new Error(context === undefined ? 'it names no current cluster' : `it has no context ${context}`);
      const given: RequestOptions = {};
      await within(LOOK_UP_MS, 'looking up the credentials', config.applyToHTTPSOptions(given));
      const { ca, cert, key, rejectUnauthorized, servername } = given;
      return {
        target: targetOf(cluster.server),
        headers: textsOf(given.headers),
        tls: defined({ ca, cert, key, rejectUnauthorized, servername }),
      };
    });
}

export function fromPod({ host, port, folder }: PodIdentity): CredentialSource {
  return () =>
    said(`the service account in ${folder}`, async () => {
      const [token, ca] = await Promise.all([readFile(path.join(folder, 'token'), 'utf8'), readFile(path.join(folder, 'ca.crt'), 'utf8')]);
      return { target: { hostname: host, port, path: '' }, headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } };
    });
}

export interface GoogleEndpoint {
  /** `https://…` of the control plane. */
  readonly endpoint: string;
  /** PEM, base64: of an endpoint whose certificate is not publicly trusted. Empty: none. */
  readonly ca: string | undefined;
}

/** As the Google identity of the pod that we run in, which GKE takes as a bearer token. */
export function fromGoogle({ endpoint, ca }: GoogleEndpoint, token: GoogleToken): CredentialSource {
  const target = targetOf(endpoint);
  const tls = ca === undefined || ca === '' ? {} : { ca: Buffer.from(ca, 'base64').toString() };
  const bearer = 'Bearer ';
  return (refused) =>
    said('the Google identity of this pod', async () => {
      const before = refused?.headers['authorization']?.slice(bearer.length);
      return { target, headers: { authorization: bearer + (await token(before)) }, tls };
    });
}

async function said(what: string, lookUp: () => Promise<Credentials>): Promise<Credentials> {
  try {
    return await lookUp();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('unavailable', 'cluster_credentials', `${what} gives no credentials: ${why.slice(0, 300)}`, { cause });
  }
}

function targetOf(server: string): Credentials['target'] {
  const { hostname, port, pathname } = new URL(server);
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 443 : Number(port), path: pathname.replace(/\/$/, '') };
}

/** The kubeconfig's own headers, such as its bearer token. */
function textsOf(headers: RequestOptions['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

function defined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}
