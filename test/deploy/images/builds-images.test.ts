import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { Agent, fetch } from 'undici';
import { z } from 'zod';
import type { ImageRecord } from '../../../deploy/images/image-record.ts';
import { resolveDigest } from '../../../deploy/images/registry/resolve-digest.ts';
import { hadolintPart } from '../../../local/parts/hadolint-part.ts';
import { obtainParts } from '../../../local/parts/obtain-parts.ts';
import { freePort } from '../../../local/processes/free-port.ts';
import { commonEnv, SERVICES, type ServiceName, type ServiceSurroundings } from '../../../local/services.ts';
import { testMongo, testRedis, testStack } from '../../../local/testing.ts';
import { BRIDGE_ENV, BRIDGE_NODE_FLAGS } from '../../../sdk-bridge/image/node-flags.ts';
import { until } from '../../sdk-bridge/stand-in/until.ts';
import { createTokenIssuer } from '../../services/token-issuer.ts';
import { ROOT } from '../../tooling/import-graph.ts';
import { startContainer, type Container } from './container.ts';
import { openImageBed, type ImageBed, type ImageConfig } from './image-bed.ts';

const NAMES = [...SERVICES.map(({ name }) => name), 'sdk-bridge', 'sample-server'];
/** Service → its user, as the manifests of `fleets/` have it for the bridge and the game server. */
const USERS: Readonly<Record<string, string>> = { 'sdk-bridge': '10001:10001', 'sample-server': '10002:10002' };
const SERVICE_USER = '10003:10003';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const Bill = z.object({ bomFormat: z.literal('CycloneDX'), components: z.array(z.object({ name: z.string(), version: z.string() })) });

describe('The images', function () {
  this.timeout(300_000);
  let bed: ImageBed;
  let built: ImageRecord;
  let containers: Container[] = [];
  before(async function () {
    // On a new machine bases are made and packages fetched.
    this.timeout(1_800_000);
    bed = await openImageBed();
    built = await bed.make({ TAG: 'v1' });
  });
  afterEach(async () => {
    await Promise.all(containers.map((container) => container.stop()));
    containers = [];
  });
  after(async function () {
    this.timeout(600_000);
    if (process.env['IMAGE_FIGURES'] !== undefined) for (const row of await figures()) console.log(`| ${row.join(' | ')} |`);
    await bed?.close();
  });
  /** Image → milliseconds from its start until it answers or is Ready. */
  const starts = new Map<string, number>();
  /** A row per image: name, MB compressed, MB unpacked, start in milliseconds. */
  const figures = async () => {
    await bed.make({ TAG: 'v2', PUSH: '1' });
    const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
    return Promise.all(
      NAMES.map(async (name) => {
        const { stdout } = await promisify(execFile)('du', ['-sb', await bed.mount(`${bed.registry}/${name}:v2`)]);
        const [host = '', ...rest] = bed.registry.split('/');
        const manifest = (await (
          await fetch(`http://${host}/v2/${rest.join('/')}/${name}/manifests/v2`, { headers: { accept: DOCKER_MANIFEST } })
        ).json()) as {
          layers: { size: number }[];
        };
        const compressed = manifest.layers.reduce((sum, { size }) => sum + size, 0);
        return [name, mb(compressed), mb(Number(stdout.split('\t')[0])), (starts.get(name) ?? 0).toFixed(0)];
      }),
    );
  };

  const start = async (name: string, options: Parameters<typeof startContainer>[2] = {}) => {
    const container = await startContainer(bed, `${bed.registry}/${name}:v1`, options);
    containers.push(container);
    return container;
  };
  /** A folder that the image's user may write. */
  const volume = async (name: string): Promise<string> => {
    const folder = await mkdtemp(path.join((await testStack()).folder, 'volume-'));
    const [uid = 0, gid = 0] = (USERS[name] ?? SERVICE_USER).split(':').map(Number);
    await chown(folder, uid, gid);
    return folder;
  };

  it('are built, and written down with what this machine calls them', () => {
    assert.deepEqual([built.registry, built.tag, built.pushed], [bed.registry, 'v1', false]);
    assert.deepEqual(Object.keys(built.images).toSorted(), NAMES.toSorted());
  });

  for (const name of NAMES) {
    it(`${name}: says what it is and what is in it, has a user of its own and no shell that it does not need`, async () => {
      const image = `${bed.registry}/${name}:v1`;
      const [config, root]: [ImageConfig, string] = [await bed.configOf(image), await bed.mount(image)];
      assert.equal(config.User, USERS[name] ?? SERVICE_USER);
      const label = (key: string) => config.Labels[`org.opencontainers.image.${key}`] ?? '';
      const { stdout } = await promisify(execFile)('git', ['log', '-1', '--format=%H %ct'], { cwd: ROOT });
      const [commit = '', seconds] = stdout.trim().split(' ');
      assert.ok(label('revision').startsWith(commit));
      assert.equal(Date.parse(label('created')), Number(seconds) * 1_000);
      assert.deepEqual([label('version'), label('licenses')], ['v1', 'Apache-2.0']);
      assert.match(label('base.digest'), /^sha256:[0-9a-f]{64}$/);

      const app = path.join(root, name === 'sample-server' ? 'lifeverse' : 'app');
      const bill = Bill.parse(JSON.parse(await readFile(path.join(app, 'sbom.cdx.json'), 'utf8')));
      const expected =
        { 'sample-server': 'openssl', 'sdk-bridge': '@grpc/grpc-js', allocator: '@bull-board/ui' }[name] ?? 'swagger-ui-dist';
      assert.ok(bill.components.some((component) => component.name === expected && component.version !== ''));
      assert.match(await readFile(path.join(app, 'LICENSE'), 'utf8'), /Apache License/);

      const programs = globSync('{bin,sbin,usr/bin,usr/sbin,usr/local/bin,lifeverse,lifeverse/bin}/*', { cwd: root, withFileTypes: true });
      const found = programs.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
      const texts = ['LICENSE', 'sbom.cdx.json'];
      const wanted =
        name === 'sample-server' ? ['busybox', 'mkdir', 'mv', 'rm', 'run-server.sh', 'sample-server', 'sh', ...texts] : ['node'];
      assert.deepEqual(found.toSorted(), wanted.toSorted());
    });
  }

  describe('of the services', () => {
    let around: ServiceSurroundings;
    let dispatcher: Agent;
    let secrets: string;
    let operator: string;
    before(async () => {
      const { authority } = await testStack();
      const issuer = await createTokenIssuer('https://issuer.test', ['operator', 'allocator', 'matchmaker']);
      secrets = await volume('accounts');
      const put = async (name: string, content: string): Promise<string> => {
        await writeFile(path.join(secrets, name), content);
        return `/secrets/${name}`;
      };
      const keys = await readFile(issuer.trusted.jwks.slice('file:'.length), 'utf8');
      const trusted = { ...issuer.trusted, jwks: `file:${await put('jwks.json', keys)}` };
      const url = 'https://127.0.0.1:1';
      const gone = { name: 'gone', region: 'nowhere', kubeconfig: await put('kubeconfig', KUBECONFIG_OF_NOBODY), namespace: 'none' };
      around = {
        caFile: await put('ca.crt', await readFile(authority.caFile, 'utf8')),
        mongoUrl: (await testMongo()).url,
        redisUrl: (await testRedis()).url,
        urls: { accounts: url, allocator: url, matchmaker: url, saves: url },
        clustersFile: await put('clusters.json', JSON.stringify([gone])),
        trustedIssuersFile: await put('trusted.json', JSON.stringify([trusted])),
        accountsSecret: 'a secret of forty characters, or so it is',
        tokenFile: () => '/secrets/token',
      };
      await put('token', await issuer.sign('service:test', ['allocator']));
      const files = await authority.issue({ name: 'image', commonName: 'image', use: 'server' });
      await put('tls.crt', await readFile(files.certFile, 'utf8'));
      await put('tls.key', await readFile(files.keyFile, 'utf8'));
      operator = await issuer.sign('ops:grace', ['operator']);
      dispatcher = new Agent({ connect: { ca: await readFile(authority.caFile, 'utf8') } });
    });
    after(() => dispatcher.close());

    const serve = async (name: ServiceName) => {
      const service = SERVICES.find((each) => each.name === name);
      const [port, opsPort] = [await freePort(), await freePort()];
      const env = {
        HOST: '127.0.0.1',
        ...commonEnv(around, { port, opsPort, certFile: '/secrets/tls.crt', keyFile: '/secrets/tls.key' }),
        ...service?.env(around),
        MONGO_DATABASE: `images_${process.pid}_${name}`,
      };
      const began = performance.now();
      const container = await start(name, { env, volumes: { [secrets]: '/secrets' } });
      const get = async (target: string, headers: Record<string, string> = {}) => {
        const answer = await fetch(`https://127.0.0.1:${target}`, { dispatcher, headers, redirect: 'manual' });
        return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
      };
      const alive = async () => (await get(`${opsPort}/livez`).catch(() => undefined))?.status === 200;
      await until(alive, `${name} lives: ${container.said()}`, 300_000);
      starts.set(name, performance.now() - began);
      return {
        container,
        ops: (target: string) => get(`${opsPort}${target}`),
        api: (target: string, headers?: Record<string, string>) => get(`${port}${target}`, headers),
      };
    };

    for (const { name } of SERVICES) {
      it(`${name}: starts on a read-only root as its own user, reaches its stores, shows its API, and stops in order`, async () => {
        const { container, ops, api } = await serve(name);
        // A certain start says more than a fast one: indexes are made before it listens.
        const missing = name === 'allocator' ? { clusters: 'no cluster answers' } : {};
        const ready = async () => (JSON.parse((await ops('/readyz')).text) as { missing: object }).missing;
        await until(async () => isDeepStrictEqual(await ready(), missing), `${name} is ready: ${container.said()}`);
        assert.match(await readFile(`/proc/${container.pid}/status`, 'utf8'), /^Uid:\t10003\t10003\t10003\t10003$/m);

        assert.match((await api('/docs')).text, /swagger-ui-bundle\.js/);
        const bundled = await api('/docs/swagger-ui-bundle.js');
        assert.ok(bundled.status === 200 && bundled.text.length > 1_000_000, `${bundled.status}, ${bundled.text.length} characters`);
        assert.equal((JSON.parse((await api('/openapi.json')).text) as { openapi: string }).openapi.slice(0, 3), '3.1');

        const { Healthcheck } = await bed.configOf(`${bed.registry}/${name}:v1`);
        const [kind, ...command] = Healthcheck?.Test ?? [];
        assert.deepEqual([kind, (await container.exec(command)).code], ['CMD', 0]);
        if (name === 'allocator') {
          const bearer = { authorization: `Bearer ${operator}` };
          const board = await api('/admin/queues/', { ...bearer, accept: 'text/html' });
          const [, script = ''] = /src="(?:\/admin\/queues\/)?(static\/[^"]+\.js)"/.exec(board.text) ?? [];
          assert.equal((await api(`/admin/queues/${script}`, bearer)).status, 200, `the board has ${script}: ${board.text.slice(0, 300)}`);
          assert.match((await api('/admin/queues/api/queues', bearer)).text, /allocations/);
        }
        assert.equal(await container.stop(), 0, container.said().slice(-500));
      });
    }
  });

  const solo = async (args: readonly string[] = []) => {
    const port = await freePort();
    const folder = await volume('sdk-bridge');
    const env = { BRIDGE_HTTP_PORT: String(port) };
    const began = performance.now();
    const bridge = await start('sdk-bridge', {
      args: ['--solo', `--port=${port}`, '--folder=/kept', ...args],
      env,
      volumes: { [folder]: '/kept' },
    });
    const state = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/lifeverse/v1/solo`).catch(() => undefined);
      return answer === undefined ? undefined : ((await answer.json()) as { agones: { state: string } }).agones.state;
    };
    await until(async () => (await state()) !== undefined, `the bridge answers: ${bridge.said()}`, 180_000);
    starts.set('sdk-bridge', performance.now() - began);
    return { bridge, port, state };
  };

  it('sdk-bridge: answers within 90 MB, as Node is told to run it beside a game server', async () => {
    const { bridge } = await solo();
    const status = await readFile(`/proc/${bridge.pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t10001\t/m);
    const residentMb = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
    assert.ok(residentMb <= 90, `${residentMb.toFixed(0)} MB resident`);
    const { Entrypoint, Env, Healthcheck } = await bed.configOf(`${bed.registry}/sdk-bridge:v1`);
    assert.deepEqual(Entrypoint.slice(1, -1), [...BRIDGE_NODE_FLAGS]);
    for (const [name, value] of Object.entries(BRIDGE_ENV)) assert.ok(Env?.includes(`${name}=${value}`), name);
    assert.equal((await bridge.exec(Healthcheck?.Test.slice(1) ?? [])).code, 0);
  });

  it('sample-server: becomes Ready at a bridge in its own image, and writes down how it ended', async () => {
    const { port, state } = await solo();
    const folder = await volume('sample-server');
    const args = ['--bind=127.0.0.1', `--bridge-port=${port}`, '--crash-dir=/game'];
    const began = performance.now();
    const server = await start('sample-server', { args, volumes: { [folder]: '/game' } });
    await until(async () => (await state()) === 'Ready', `the server is Ready: ${server.said()}`, 180_000);
    starts.set('sample-server', performance.now() - began);
    assert.match(await readFile(`/proc/${server.pid}/status`, 'utf8'), /^Uid:\t10002\t/m);
    const code = await server.stop();
    assert.equal(await readFile(path.join(folder, 'exit-code'), 'utf8'), `${code}\n`);
  });

  it('unreal-server: starts the program of a staged folder, laid out as the engine does it', async () => {
    const staged = await mkdtemp(path.join((await testStack()).folder, 'LinuxServer-'));
    const binaries = path.join(staged, 'MyGame', 'Binaries', 'Linux');
    await mkdir(binaries, { recursive: true });
    await mkdir(path.join(staged, 'Engine', 'Binaries', 'Linux'), { recursive: true });
    await writeFile(path.join(staged, 'MyGameServer.sh'), '#!/bin/sh\n');
    await writeFile(path.join(binaries, 'MyGameServer.debug'), 'symbols');
    const program = path.join(await bed.mount(`${bed.registry}/sample-server:v1`), 'lifeverse', 'sample-server');
    await copyFile(program, path.join(binaries, 'MyGameServer'));
    await chmod(path.join(binaries, 'MyGameServer'), 0o755);
    await bed.make({ TAG: 'v1', ONLY: 'unreal-server', SERVER: staged });

    const { port, state } = await solo();
    const server = await start('unreal-server', { args: ['--bind=127.0.0.1', `--bridge-port=${port}`] });
    await until(async () => (await state()) === 'Ready', `the server is Ready: ${server.said()}`, 180_000);
  });

  it('quilkin: is the program that was named, started as itself', async () => {
    const folder = await mkdtemp(path.join((await testStack()).folder, 'quilkin-'));
    const program = path.join(folder, 'quilkin');
    // Any program will do: Quilkin takes a quarter of an hour to build.
    await copyFile(path.join(await bed.mount(`${bed.registry}/sample-server:v1`), 'lifeverse', 'sample-server'), program);
    await chmod(program, 0o755);
    await bed.make({ TAG: 'v1', ONLY: 'quilkin', QUILKIN: program });
    const { Entrypoint } = await bed.configOf(`${bed.registry}/quilkin:v1`);
    const inside = path.join(await bed.mount(`${bed.registry}/quilkin:v1`), Entrypoint[0] ?? '');
    assert.deepEqual(await readFile(inside), await readFile(program));
    await assert.rejects(bed.make({ TAG: 'v1', ONLY: 'quilkin' }), /for quilkin its program/);
  });

  it('are pushed to a registry, which has them by the digests that are written down', async () => {
    const pushed = await bed.make({ TAG: 'v2', ONLY: 'sdk-bridge', PUSH: '1' });
    assert.deepEqual([pushed.tag, pushed.pushed, Object.keys(pushed.images)], ['v2', true, ['sdk-bridge']]);
    const { signal } = new AbortController();
    assert.equal(await resolveDigest(`${bed.registry}/sdk-bridge:v2`, signal), pushed.images['sdk-bridge']);
    await assert.rejects(resolveDigest(`${bed.registry}/sdk-bridge:v3`, signal), /answers 404/);
  });

  it('have Dockerfiles that a strict reader has nothing to say about', async () => {
    const [hadolint = ''] = await obtainParts([hadolintPart], (await testStack()).around);
    const files = globSync('fleets/images/*.Dockerfile', { cwd: ROOT });
    assert.equal(files.length, 5);
    await promisify(execFile)(hadolint, ['--failure-threshold=style', ...files], { cwd: ROOT });
    assert.ok(existsSync(path.join(ROOT, '.dockerignore')));
  });
});

const KUBECONFIG_OF_NOBODY = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'gone',
  contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'gone' } }],
  clusters: [{ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'gone', user: { token: 'none' } }],
});
