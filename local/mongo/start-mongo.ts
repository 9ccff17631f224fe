/** The document database as a process of its own, on a free loopback port over TLS. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import { chooseDocumentDatabase } from '../parts/document-database-part.ts';
import type { DocumentDatabasePart } from '../parts/document-database-part.ts';
import { obtainParts } from '../parts/obtain-parts.ts';
import type { Surroundings } from '../parts/part.ts';
import { freePort } from '../processes/free-port.ts';
import type { KeptProcess, ProcessKeeper } from '../processes/process-keeper.ts';
import { waitUntil } from '../processes/wait-until.ts';
import type { LocalAuthority } from '../tls/local-authority.ts';

export interface StartOptions {
  /** For the process and its files; unique in the stack. */
  readonly name: string;
  readonly folder: string;
  readonly around: Surroundings;
  readonly keeper: ProcessKeeper;
  readonly authority: LocalAuthority;
  readonly port?: number;
}

export interface RunningMongo {
  readonly kind: DocumentDatabasePart['kind'] | 'given';
  /** Names TLS and the CA file itself, so that the driver needs nothing else. Without a database. */
  readonly url: string;
  readonly process: KeptProcess | undefined;
  stop(): Promise<void>;
}

/** A database that was given (`MONGO_URL`) is used as it is and never stopped. */
export async function startMongo(options: StartOptions): Promise<RunningMongo> {
  const given = options.around.env['MONGO_URL'];
  if (given !== undefined && given !== '') return { kind: 'given', url: given, process: undefined, stop: () => Promise.resolve() };
  const part = await chooseDocumentDatabase(options.around);
  const [server] = await obtainParts([part], options.around);
  if (server === undefined) throw new Error('No document database was obtained');
  const port = options.port ?? (await freePort());
  await mkdir(options.folder, { recursive: true });
  const kept = await options.keeper.start({
    name: options.name,
    command: server,
    args: part.kind === 'mongod' ? await mongodArgs(port, options) : await secantusArgs(port, options),
    graceMs: 20_000,
  });
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true&tls=true&tlsCAFile=${encodeURIComponent(options.authority.caFile)}`;
  try {
    await waitUntil(async () => kept.end !== undefined || (await becomesReady(url, part.kind, port)), {
      what: `${options.name} answers`,
      deadlineMs: 180_000,
      signal: options.around.signal,
    });
    if (kept.end !== undefined) throw new Error(`${server} has ended while starting, see ${kept.logFile}`);
  } catch (error) {
    await kept.stop();
    throw error;
  }
  return { kind: part.kind, url, process: kept, stop: () => kept.stop() };
}

async function secantusArgs(port: number, options: StartOptions): Promise<string[]> {
  const certificate = await options.authority.issue({
    name: options.name,
    commonName: options.name,
    use: 'server',
  });
  return [
    ['--port', String(port), '--storage-path', options.folder, '--log-level', 'WARNING'],
    // Without it a kill -9 loses acknowledged writes, which a real MongoDB with majority writes never does.
    '--sync-on-commit',
    ['--tls-cert-file', certificate.certFile, '--tls-key-file', certificate.keyFile],
    ['--cache-size', '256M', '--log-file-max', '16MB'],
  ].flat();
}

/** A replica set of one, since transactions and change streams exist on replica sets only. */
async function mongodArgs(port: number, options: StartOptions): Promise<string[]> {
  const certificate = await options.authority.issue({
    name: options.name,
    commonName: options.name,
    use: 'both',
  });
  const pemFile = path.join(options.folder, 'server.pem');
  await writeFile(pemFile, (await readFile(certificate.certFile, 'utf8')) + (await readFile(certificate.keyFile, 'utf8')), { mode: 0o600 });
  return [
    ['--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', options.folder, '--replSet', 'local', '--quiet'],
    ['--tlsMode', 'requireTLS', '--tlsCertificateKeyFile', pemFile, '--tlsCAFile', options.authority.caFile],
    '--tlsAllowConnectionsWithoutCertificates',
    ['--wiredTigerCacheSizeGB', '0.25', '--setParameter', 'transactionLifetimeLimitSeconds=5'],
  ].flat();
}

async function becomesReady(url: string, kind: DocumentDatabasePart['kind'], port: number): Promise<boolean> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 1_000, connectTimeoutMS: 1_000 });
  try {
    const admin = client.db('admin');
    const hello = await admin.command({ hello: 1 }, { timeoutMS: 2_000 });
    if (hello['isWritablePrimary'] === true) return true;
    // A replica set that exists has a name, and is electing; a new one has none and waits to be initiated.
    if (kind === 'mongod' && hello['setName'] === undefined) {
      await admin.command({ replSetInitiate: { _id: 'local', members: [{ _id: 0, host: `127.0.0.1:${port}` }] } }, { timeoutMS: 5_000 });
    }
    return false;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}
