import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, copyFile, writeFile } from 'node:fs/promises';
import { Agent, createServer, get, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { Registry } from 'prom-client';
import { WebSocket, WebSocketServer } from 'ws';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { openLocalAuthority, type LocalAuthority } from '../../local/tls/local-authority.ts';
import { createHttpSend } from '../../runtime/http-send.ts';
import { listenHttp, listenHttps } from '../../runtime/https-server.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { createReadiness, listenOps } from '../../runtime/ops-server.ts';
import { recordingLog, type Probe } from './probe-api.ts';

const hello: RequestListener = (_request, response) => void response.end('hello');
const patience = { deadlineMs: 50_000, signal: new AbortController().signal };

describe('over HTTPS', function () {
  this.timeout(300_000);
  let folder: string;
  let authority: LocalAuthority;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'lifeverse-https-'));
    authority = await openLocalAuthority(folder, 'test CA', () => new Date());
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const issue = (name: string) => authority.issue({ name, commonName: name, use: 'server' });
  const nameServed = (port: number) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: 'TLSv1.2' }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.on('error', reject);
    });

  describe('a listener', () => {
    it('takes a new certificate when the folder is swapped as Kubernetes does', async () => {
      const mount = path.join(folder, 'mount');
      for (const name of ['before', 'after']) {
        const { certFile, keyFile } = await issue(name);
        await mkdir(path.join(mount, name), { recursive: true });
        await copyFile(certFile, path.join(mount, name, 'tls.crt'));
        await copyFile(keyFile, path.join(mount, name, 'tls.key'));
      }
      await symlink('before', path.join(mount, '..data'));
      await symlink('..data/tls.crt', path.join(mount, 'tls.crt'));
      await symlink('..data/tls.key', path.join(mount, 'tls.key'));
      const tls = { certFile: path.join(mount, 'tls.crt'), keyFile: path.join(mount, 'tls.key') };
      const listener = await listenHttps(hello, '127.0.0.1', 0, tls, SILENT_LOG);
      assert.equal(await nameServed(listener.port), 'before');
      await symlink('after', path.join(mount, '..data_tmp'));
      await rename(path.join(mount, '..data_tmp'), path.join(mount, '..data'));
      await waitUntil(async () => (await nameServed(listener.port)) === 'after', { what: 'the new certificate', ...patience });
      await listener.close();
    });

    it('keeps the old certificate while the new one is half written', async () => {
      const lines: Probe['lines'] = [];
      const [old, renewed] = [await issue('old'), await issue('renewed')];
      const tls = { certFile: path.join(folder, 'half', 'a.crt'), keyFile: path.join(folder, 'half', 'a.key') };
      await mkdir(path.dirname(tls.certFile));
      await copyFile(old.certFile, tls.certFile);
      await copyFile(old.keyFile, tls.keyFile);
      const listener = await listenHttps(hello, '127.0.0.1', 0, tls, recordingLog(lines));
      await copyFile(renewed.certFile, tls.certFile);
      await waitUntil(() => lines.some(({ message }) => message.startsWith('could not reload')), {
        what: 'it has seen the half',
        ...patience,
      });
      assert.equal(await nameServed(listener.port), 'old');
      await copyFile(renewed.keyFile, tls.keyFile);
      await waitUntil(async () => (await nameServed(listener.port)) === 'renewed', { what: 'the whole pair', ...patience });
      await writeFile(tls.certFile, 'no certificate');
      await listener.close();
    });

    it('lets a request in flight end before it closes, and no kept connection hold it up', async () => {
      const begun = Promise.withResolvers<() => void>();
      const listener = await listenHttp((_request, response) => begun.resolve(() => void response.end('late')), '127.0.0.1', 0);
      const agent = new Agent({ keepAlive: true });
      const answer = new Promise<readonly unknown[]>((resolve, reject) => {
        get({ port: listener.port, agent }, (incoming) =>
          incoming.on('data', (chunk) => resolve([String(chunk), incoming.headers.connection])),
        ).on('error', reject);
      });
      const finish = await begun.promise;
      const closed = listener.close();
      setTimeout(finish, 50);
      // Its connection ends with it, and so does not have to be broken off later.
      assert.deepEqual(await answer, ['late', 'close']);
      await closed;
      agent.destroy();
    });

    it('closes although a WebSocket stays', async () => {
      const listener = await listenHttp(hello, '127.0.0.1', 0);
      const sockets = new WebSocketServer({ noServer: true });
      listener.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, () => {}));
      const client = new WebSocket(`ws://127.0.0.1:${listener.port}`);
      await new Promise((resolve) => client.once('open', resolve));
      await listener.close();
    });
  });

  describe('a call', () => {
    it('reaches a service under our own authority', async () => {
      const listener = await listenHttps(hello, '127.0.0.1', 0, await issue('served'), SILENT_LOG);
      const http = createHttpSend(authority.caFile);
      const call = { method: 'GET', headers: {}, body: undefined, timeoutMs: 60_000, signal: undefined };
      assert.equal((await http.send({ ...call, url: `https://127.0.0.1:${listener.port}/` })).body, 'hello');
      const distrusting = createHttpSend();
      await assert.rejects(distrusting.send({ ...call, url: `https://127.0.0.1:${listener.port}/?token=abc` }), (cause: Error) => {
        assert.doesNotMatch(cause.message, /abc/);
        return Reflect.get(cause, 'kind') === 'unavailable';
      });
      await distrusting.close();
      await http.close();
      await listener.close();
    });

    it('is given up at its deadline, when asked to, and when nobody is there', async () => {
      const silent = createServer(() => {});
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
      const http = createHttpSend();
      const call = { method: 'GET', url, headers: {}, body: undefined, timeoutMs: 100, signal: undefined };
      await assert.rejects(http.send(call), { kind: 'timeout', code: 'no_answer_in_time' });
      const signal = AbortSignal.abort(new Error('ended'));
      await assert.rejects(http.send({ ...call, timeoutMs: 5_000, signal }), { message: 'ended' });
      silent.closeAllConnections();
      await new Promise((resolve) => silent.close(resolve));
      await assert.rejects(http.send(call), { kind: 'unavailable', code: 'no_connection' });
      await http.close();
    });
  });

  describe('the ops port', () => {
    it('tells life, readiness and metrics', async () => {
      const readiness = createReadiness();
      const registry = new Registry();
      const ops = await listenOps({ registry, readiness, host: '127.0.0.1', port: 0, log: SILENT_LOG });
      const ask = async (where: string) => {
        const answer = await fetch(`http://127.0.0.1:${ops.port}${where}`);
        return { status: answer.status, text: await answer.text() };
      };
      const database: { missing?: string } = {};
      readiness.check('database', () => database.missing);
      assert.equal((await ask('/readyz')).status, 200);
      database.missing = 'does not answer';
      assert.deepEqual(await ask('/readyz'), { status: 503, text: '{"ready":false,"missing":{"database":"does not answer"}}' });
      readiness.check('throws', () => Promise.reject(new Error('no')));
      assert.match((await ask('/readyz')).text, /"throws":"no"/);
      assert.equal((await ask('/livez')).status, 200, 'what is unready is alive');
      assert.equal((await ask('/metrics')).status, 200);
      readiness.fail('stopping');
      assert.match((await ask('/readyz')).text, /"process":"stopping"/);
      await ops.close();
    });
  });
});
