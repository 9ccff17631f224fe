/** What it takes to talk to one API server, read from a kubeconfig file. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

export interface KubeConnection {
  /** Without a trailing slash. */
  readonly server: string;
  readonly ca?: string;
  readonly token?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly insecure: boolean;
}

interface Named<Value> {
  readonly name: string;
  readonly value: Value;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the named context of a kubeconfig, or its current one. */
export async function readKubeConnection(file: string, context?: string): Promise<KubeConnection> {
  const text = await readFile(file, 'utf8');
  const config = fieldsOf(await parseYamlOrJson(text), file);
  const contextName = context ?? textOf(config['current-context']) ?? '';
  const chosen = find(named(config['contexts'], 'context'), contextName, `context of ${file}`);
  const cluster = find(named(config['clusters'], 'cluster'), textOf(chosen['cluster']) ?? '', `cluster of ${file}`);
  const user = find(named(config['users'], 'user'), textOf(chosen['user']) ?? '', `user of ${file}`);
  const server = textOf(cluster['server']);
  if (server === undefined) throw new Error(`the kubeconfig ${file} names no server`);
  const ca = await material(cluster, 'certificate-authority', file);
  const clientCertificate = await material(user, 'client-certificate', file);
  const clientKey = await material(user, 'client-key', file);
  const token = textOf(user['token']);
  return {
    server: server.replace(/\/$/, ''),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    ...(ca === undefined ? {} : { ca }),
    ...(token === undefined ? {} : { token }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey }),
  };
}

/** JSON is YAML too; the parser for the rest is loaded only when it is needed, since a sidecar counts its megabytes. */
async function parseYamlOrJson(text: string): Promise<unknown> {
  if (text.trimStart().startsWith('{')) return JSON.parse(text);
  const { parse } = await import('yaml');
  return parse(text);
}

/** `x-data` holds base64, `x` names a file relative to the kubeconfig. */
async function material(fields: Fields, name: string, file: string): Promise<string | undefined> {
  const data = textOf(fields[`${name}-data`]);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const path = textOf(fields[name]);
  return path === undefined ? undefined : await readFile(resolve(dirname(file), path), 'utf8');
}

function named(list: unknown, valueField: string): Named<Fields>[] {
  if (!Array.isArray(list)) return [];
  return list.map((entry: unknown) => {
    const fields = fieldsOf(entry, valueField);
    return { name: textOf(fields['name']) ?? '', value: fieldsOf(fields[valueField] ?? {}, valueField) };
  });
}

function find(entries: readonly Named<Fields>[], name: string, what: string): Fields {
  const found = entries.find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`there is no ${what} named "${name}"`);
  return found.value;
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null) throw new Error(`${what} is not an object`);
  return Object.fromEntries(Object.entries(value));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
