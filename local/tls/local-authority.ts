/**
 * The certificate authority of one local stack. Its key stays in the state folder; every listener gets a certificate from it, and every
 * client trusts `caFile` only.
 */
import 'reflect-metadata';
import { randomBytes, webcrypto, X509Certificate as NodeCertificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as x509 from '@peculiar/x509';

export interface CertificateRequest {
  /** Unique within the authority; names the files. */
  readonly name: string;
  readonly commonName: string;
  /** A server's is good for localhost, 127.0.0.1 and ::1, and for these names. */
  readonly dnsNames?: readonly string[];
  readonly use: 'server' | 'client' | 'both';
}

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface LocalAuthority {
  readonly caFile: string;
  /** A certificate that is still good for a while: the one on disk, or a new one under the same file names. */
  issue(request: CertificateRequest): Promise<CertificateFiles>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3_650;
const LEAF_DAYS = 90;
/** Asked for again with less than this left, a certificate is renewed: no stack is expected to stay up for longer. */
const RENEW_WITH_LEFT_MS = 30 * DAY_MS;

/** @param folder where key and certificates are kept; an authority that is there already is used again. */
export async function openLocalAuthority(folder: string, commonName: string, now: () => Date): Promise<LocalAuthority> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const caFile = path.join(folder, 'ca.crt');
  const keyFile = path.join(folder, 'ca.key');
  if (!existsSync(caFile)) await createAuthority({ caFile, keyFile, commonName, now: now() });
  const certificate = new x509.X509Certificate(await readFile(caFile, 'utf8'));
  const signingKey = await importKey(await readFile(keyFile, 'utf8'));

  return {
    caFile,
    async issue(request) {
      const files = {
        certFile: path.join(folder, `${request.name}.crt`),
        keyFile: path.join(folder, `${request.name}.key`),
      };
      if (!(await stillGood(files, request, certificate, now()))) await createLeaf({ request, files, certificate, signingKey, now: now() });
      return files;
    },
  };
}

async function createAuthority(wanted: AuthorityOrder): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${wanted.commonName}`,
    keys,
    signingAlgorithm: ALGORITHM,
    serialNumber: serialNumber(),
    ...validity(wanted.now, CA_DAYS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writeWhole(wanted.keyFile, await exportKey(keys.privateKey));
  await writeWhole(wanted.caFile, certificate.toString('pem'));
}

interface AuthorityOrder {
  readonly caFile: string;
  readonly keyFile: string;
  readonly commonName: string;
  readonly now: Date;
}

interface LeafOrder {
  readonly request: CertificateRequest;
  readonly files: CertificateFiles;
  readonly certificate: x509.X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
  readonly now: Date;
}

async function createLeaf({ request, files, certificate, signingKey, now }: LeafOrder): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const leaf = await x509.X509CertificateGenerator.create({
    subject: `CN=${request.commonName}`,
    issuer: certificate.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    serialNumber: serialNumber(),
    ...validity(now, LEAF_DAYS),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(extendedUses(request.use)),
      new x509.SubjectAlternativeNameExtension([
        ...namesOf(request).map((value) => ({ type: 'dns' as const, value })),
        ...['127.0.0.1', '::1'].map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(certificate.publicKey),
    ],
  });
  // The key first: whoever sees the new certificate finds its key.
  await writeWhole(files.keyFile, await exportKey(keys.privateKey));
  await writeWhole(files.certFile, `${leaf.toString('pem')}\n`);
}

function namesOf(request: CertificateRequest): string[] {
  return ['localhost', ...(request.dnsNames ?? [])];
}

function extendedUses(use: CertificateRequest['use']): x509.ExtendedKeyUsage[] {
  const uses = {
    server: x509.ExtendedKeyUsage.serverAuth,
    client: x509.ExtendedKeyUsage.clientAuth,
  };
  return use === 'both' ? [uses.server, uses.client] : [uses[use]];
}

async function stillGood(files: CertificateFiles, request: CertificateRequest, ca: x509.X509Certificate, now: Date): Promise<boolean> {
  if (!existsSync(files.certFile) || !existsSync(files.keyFile)) return false;
  const found = new NodeCertificate(await readFile(files.certFile, 'utf8'));
  return (
    found.issuer === `CN=${ca.subjectName.getField('CN')[0] ?? ''}` &&
    new Date(found.validTo).getTime() - now.getTime() > RENEW_WITH_LEFT_MS &&
    namesOf(request).every((name) => found.checkHost(name) !== undefined) &&
    (found.keyUsage ?? []).length === extendedUses(request.use).length
  );
}

function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  // A minute back: clocks of containers and virtual machines on one laptop differ.
  return {
    notBefore: new Date(now.getTime() - 60_000),
    notAfter: new Date(now.getTime() + days * DAY_MS),
  };
}

/** Positive and 128 bits long, as RFC 5280 wants. */
function serialNumber(): string {
  return `01${randomBytes(15).toString('hex')}`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem);
  if (der === undefined) throw new Error('The authority has no readable key');
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}

async function writeWhole(file: string, content: string): Promise<void> {
  const scratch = `${file}.${process.pid}`;
  await writeFile(scratch, content, { mode: 0o600 });
  await rename(scratch, file);
}
