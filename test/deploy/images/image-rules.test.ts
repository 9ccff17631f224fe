import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { billOf, NpmBill } from '../../../deploy/images/bundle/bill-of-materials.ts';
import { packagesIn } from '../../../deploy/images/bundle/bundle.ts';
import { licenseTexts } from '../../../deploy/images/bundle/package-texts.ts';
import { writeImageRecord } from '../../../deploy/images/image-record.ts';
import { imageReference, isLoopback, pinned } from '../../../deploy/images/registry/image-reference.ts';
import { resolveDigest } from '../../../deploy/images/registry/resolve-digest.ts';
import { stagedServer } from '../../../deploy/images/staged-server.ts';
import { readWish } from '../../../deploy/images/wish.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const REGISTRY = 'europe-docker.pkg.dev/my-project/lifeverse';
const namesOf = (env: Record<string, string>) => readWish({ REGISTRY, ...env }).images.map(({ name }) => name);

describe('make images', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'lifeverse-images-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes all that the tree holds, an Unreal server or Quilkin where it is named, and only what is asked for', () => {
    const ours = ['accounts', 'allocator', 'matchmaker', 'saves', 'sdk-bridge', 'sample-server'];
    assert.deepEqual(namesOf({}), ours);
    assert.deepEqual(namesOf({ SERVER: '/staged' }), [...ours, 'unreal-server']);
    assert.deepEqual(namesOf({ QUILKIN: '/cache/quilkin' }), [...ours, 'quilkin']);
    assert.deepEqual(namesOf({ ONLY: 'saves, accounts' }), ['accounts', 'saves']);
  });

  it('lists every fault of what it is told', () => {
    const bad = {
      REGISTRY: 'https://registry',
      TAG: 'latest',
      ONLY: 'saves,bridge',
      PUSH: 'yes',
      BUILDER: 'kaniko',
      PLATFORM: 'linux/a,linux/b',
    };
    assert.throws(
      () => readWish(bad),
      (cause: Error) => Object.keys(bad).every((name) => new RegExp(`^  - ${name}`, 'm').test(cause.message)),
    );
    assert.throws(() => readWish({}), /REGISTRY: is not set/);
  });

  it('reads names that leave nothing to be guessed, and no others', () => {
    assert.deepEqual(imageReference('docker.io/library/node:24'), {
      registry: 'docker.io',
      path: 'library/node',
      version: '24',
      isDigest: false,
    });
    assert.equal(pinned('127.0.0.1:5000/bases/run:1', DIGEST), `127.0.0.1:5000/bases/run@${DIGEST}`);
    for (const name of ['node', 'node:24', 'library/node:24', 'docker.io/library/node', 'docker.io/library/node@sha256:12']) {
      assert.throws(() => imageReference(name), /is no REGISTRY/, name);
    }
    assert.deepEqual(['127.0.0.1:5000/a', 'localhost/a', 'gcr.io/a', '127.0.0.1.example/a'].map(isLoopback), [true, true, false, false]);
  });

  it('adds to the record of the same tag, and replaces that of another', async () => {
    const file = path.join(folder, 'deep', 'images.json');
    const write = (tag: string, name: string) =>
      writeImageRecord(file, { registry: REGISTRY, tag, pushed: true, images: { [name]: DIGEST } });
    const named = async () => Object.keys((JSON.parse(await readFile(file, 'utf8')) as { images: object }).images);
    await write('v1', 'saves');
    await write('v1', 'accounts');
    assert.deepEqual(await named(), ['saves', 'accounts']);
    await write('v2', 'saves');
    assert.deepEqual(await named(), ['saves']);
  });

  it('finds the one program of a staged server among symbols and libraries, and says what is wrong otherwise', async () => {
    const at = async (name: string, content: string, mode: number): Promise<void> => {
      const file = path.join(folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
      await chmod(file, mode);
    };
    assert.match(JSON.stringify(await stagedServer(path.join(folder, 'none'))), /is no folder/);
    await at('Engine/Binaries/Linux/CrashReportClient', '\x7fELF', 0o755);
    await at('Game/Binaries/Linux/GameServer.sym', '\x7fELF', 0o644);
    await at('Game/Binaries/Linux/libVoice.so.1', '\x7fELF', 0o755);
    await at('Game/Binaries/Linux/start.sh', '#!/bin/sh', 0o755);
    assert.match(JSON.stringify(await stagedServer(folder)), /has no program/);
    await at('Game/Binaries/Linux/GameServer', '\x7fELF', 0o755);
    assert.deepEqual(await stagedServer(folder), { binary: 'Game/Binaries/Linux/GameServer' });
    await at('Game/Binaries/Linux/GameServer-Linux-Shipping', '\x7fELF', 0o755);
    assert.match(JSON.stringify(await stagedServer(folder)), /several programs/);
  });

  it('names what is in the bundle, in npm’s words, and refuses what the lock file does not know', () => {
    const component = (name: string, version: string) => ({ 'bom-ref': `${name}@${version}`, name, version });
    const npm = NpmBill.parse({
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      serialNumber: 'urn:uuid:1',
      metadata: { timestamp: 'now', component: component('tree', '1.0.0') },
      components: [component('a', '1.0.0'), component('a', '2.0.0'), component('b', '1.0.0')],
      dependencies: [{ ref: 'tree@1.0.0', dependsOn: ['a@2.0.0', 'b@1.0.0'] }, { ref: 'a@2.0.0' }, { ref: 'b@1.0.0' }],
    });
    const bill = billOf(npm, { name: 'saves', packages: ['a@2.0.0'], node: '24.0.0' }) as { components: object[]; dependencies: object[] };
    assert.deepEqual(bill.components.slice(1), [component('a', '2.0.0')]);
    assert.deepEqual(bill.dependencies, [
      { ref: 'tree@1.0.0', dependsOn: ['a@2.0.0'] },
      { ref: 'a@2.0.0', dependsOn: [] },
    ]);
    assert.doesNotMatch(JSON.stringify(bill), /now|uuid/);
    assert.throws(() => billOf(npm, { name: 'saves', packages: ['c@1.0.0'], node: '24.0.0' }), /not in package-lock.json: c@1.0.0/);
  });

  it('counts the packages whose code is really in the output', () => {
    const inputs = Object.fromEntries(
      [
        ['node_modules/a/index.js', 10],
        ['node_modules/@s/b/node_modules/a/x.js', 5],
        ['node_modules/left-out/index.js', 0],
        ['saves/main.ts', 9],
      ].map(([file, bytesInOutput]) => [file, { bytesInOutput }]),
    ) as Record<string, { bytesInOutput: number }>;
    const output = { bytes: 1, imports: [], exports: [], inputs };
    assert.deepEqual(packagesIn({ outputs: { 'main.mjs': output } }).toSorted(), ['node_modules/@s/b/node_modules/a', 'node_modules/a']);
  });

  it('passes license texts on', () => {
    const texts = licenseTexts([{ id: 'a@1.0.0', license: 'MIT', texts: ['The text\n'] }]);
    assert.match(texts, /^a@1\.0\.0 \(MIT\)\n\n-+\n\nThe text\n$/);
  });
});

describe('A digest', () => {
  let server: Server | undefined;
  afterEach(() => new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve))));
  const serve = async (answer: (request: IncomingMessage) => { status: number; headers?: Record<string, string>; body?: string }) => {
    server = createServer((request, response) => {
      const { status, headers, body } = answer(request);
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
    });
    await new Promise((resolve) => server?.listen(0, '127.0.0.1', () => resolve(undefined)));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const { signal } = new AbortController();

  it('comes with the token that the registry asks for, where anyone may have one', async () => {
    let host = '';
    host = await serve(({ url = '', headers }) => {
      if (url.startsWith('/token?')) {
        const asked = new URL(url, 'http://x').searchParams;
        return { status: 200, body: JSON.stringify({ token: `${asked.get('service')} ${asked.get('scope')}` }) };
      }
      if (headers.authorization === 'Bearer hub repository:a/b:pull') return { status: 200, headers: { 'docker-content-digest': DIGEST } };
      const challenge = `Bearer realm="http://${host}/token",service="hub",scope="repository:a/b:pull"`;
      return { status: 401, headers: { 'www-authenticate': challenge } };
    });
    assert.equal(await resolveDigest(`${host}/a/b:1`, signal), DIGEST);
  });

  it('is counted from the manifest where the registry does not say it', async () => {
    const host = await serve(() => ({ status: 200, body: 'abc' }));
    const sha256OfAbc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    assert.equal(await resolveDigest(`${host}/a/b:1`, signal), `sha256:${sha256OfAbc}`);
  });

  it('is not invented: a registry that wants a login, or says no, is told of', async () => {
    const host = await serve(({ url }) =>
      url?.includes('closed') === true ? { status: 401, headers: { 'www-authenticate': 'Basic' } } : { status: 403 },
    );
    await assert.rejects(resolveDigest(`${host}/closed:1`, signal), /needs a login/);
    await assert.rejects(resolveDigest(`${host}/a/b:1`, signal), /answers 403/);
  });
});
