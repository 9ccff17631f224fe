import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { openIssuer } from '../../local/issuer/open-issuer.ts';
import { openLocalAuthority } from '../../local/tls/local-authority.ts';
import { createTokenCheck } from '../../runtime/token-check.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const DAY_MS = 86_400_000;

describe('the local certificate authority', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'lifeverse-ca-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const request = { name: 'saves', commonName: 'saves', use: 'server', dnsNames: ['saves.lifeverse.svc'] } as const;

  it('issues certificates that a client which trusts only it accepts, and no other client', async () => {
    const authority = await openLocalAuthority(folder, 'Test CA', () => new Date());
    const { certFile, keyFile } = await authority.issue(request);
    const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      for (const servername of ['localhost', 'saves.lifeverse.svc']) {
        const trusting = connect({ host: '127.0.0.1', port, servername, ca: readFileSync(authority.caFile) });
        await once(trusting, 'secureConnect');
        assert.equal(trusting.authorized, true);
        trusting.destroy();
      }
      const distrusting = connect({ host: '127.0.0.1', port, servername: 'localhost' });
      await assert.rejects(once(distrusting, 'secureConnect'), /certificate/);
    } finally {
      server.close();
    }
  });

  it('keeps a certificate until it nears its end, and renews it when a name is added', async () => {
    let now = NOW;
    const authority = await openLocalAuthority(folder, 'Test CA', () => now);
    const serial = (): string => new X509Certificate(readFileSync(path.join(folder, 'saves.crt'))).serialNumber;
    await authority.issue(request);
    const first = serial();
    now = new Date(NOW.getTime() + 50 * DAY_MS);
    await (await openLocalAuthority(folder, 'Test CA', () => now)).issue(request);
    assert.equal(serial(), first);
    now = new Date(NOW.getTime() + 70 * DAY_MS);
    await authority.issue(request);
    const second = serial();
    assert.notEqual(second, first);
    await authority.issue({ ...request, dnsNames: ['other.lifeverse.svc'] });
    assert.notEqual(serial(), second);
  });

  it('gives a client certificate no right to serve', async () => {
    const authority = await openLocalAuthority(folder, 'Test CA', () => NOW);
    const { certFile } = await authority.issue({ name: 'client', commonName: 'client', use: 'client' });
    assert.deepEqual(new X509Certificate(readFileSync(certFile)).keyUsage, ['1.3.6.1.5.5.7.3.2']);
  });
});

describe('the local issuer', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'lifeverse-issuer-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('issues tokens that the services’ own check accepts, with their roles, also after a restart', async () => {
    const first = await openIssuer(folder, () => NOW);
    const token = await first.issue('local-operator', ['operator', 'matchmaker'], 60);
    const second = await openIssuer(folder, () => NOW);
    const check = createTokenCheck([{ issuer: second.issuer, jwks: `file:${second.jwksFile}`, roles: ['operator'] }], {
      send: () => assert.fail('asked the network'),
      now: () => NOW.getTime(),
    });
    const principal = await check(token);
    assert.equal(principal.subject, 'service:local-operator');
    assert.deepEqual(principal.roles, ['operator'], 'only what this issuer may give');
  });

  it('issues tokens that end', async () => {
    const issuer = await openIssuer(folder, () => NOW);
    const token = await issuer.issue('x', ['operator'], 60);
    const check = createTokenCheck([{ issuer: issuer.issuer, jwks: `file:${issuer.jwksFile}`, roles: ['operator'] }], {
      send: () => assert.fail('asked the network'),
      now: () => NOW.getTime() + 100_000,
    });
    await assert.rejects(check(token), /exp/);
  });

  it('keeps its private key out of the key set', async () => {
    const issuer = await openIssuer(folder, () => NOW);
    assert.equal(readFileSync(issuer.jwksFile, 'utf8').includes('"d"'), false);
  });
});
