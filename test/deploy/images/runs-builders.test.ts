import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildahBuilder } from '../../../deploy/images/builders/buildah.ts';
import type { BuildOrder } from '../../../deploy/images/builders/builder.ts';
import { buildxBuilder } from '../../../deploy/images/builders/buildx.ts';
import { makeImages, MissingForImages } from '../../../deploy/images/make-images.ts';
import { readWish } from '../../../deploy/images/wish.ts';
import { CommandFailure, type Workshop } from '../../../deploy/tools/command.ts';
import { ROOT } from '../../tooling/import-graph.ts';

const [PUSHED, HERE] = [`sha256:${'a1'.repeat(32)}`, `sha256:${'b2'.repeat(32)}`];
const ORDER: BuildOrder = {
  image: 'registry.example/lifeverse/saves:v1',
  dockerfile: '/tree/service.Dockerfile',
  context: '/tree',
  contexts: { server: '/staged' },
  args: { NODE_IMAGE: `docker.io/library/node@${PUSHED}` },
  labels: { 'org.opencontainers.image.version': 'v1' },
  platform: 'linux/amd64',
  epoch: 1_700_000_000,
  push: true,
};

describe('Builders, as commands that record how they are called', () => {
  let folder: string;
  let shop: Workshop;
  let said: string[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'lifeverse-builders-'));
    await mkdir(path.join(folder, 'bin'));
    said = [];
    const env = { PATH: `${path.join(folder, 'bin')}:/usr/bin:/bin`, CALLS: path.join(folder, 'calls') };
    shop = { env, say: (line) => void said.push(line), signal: new AbortController().signal };
  });
  afterEach(() => rm(folder, { recursive: true }));

  const command = async (name: string, script: string): Promise<void> => {
    const file = path.join(folder, 'bin', name);
    await writeFile(
      file,
      `#!/bin/sh\necho "${name} $* [$SOURCE_DATE_EPOCH]" >>"$CALLS"\nfor a; do case $a in --*file=*) file=\${a#*=};; esac; done\n${script}\n`,
    );
    await chmod(file, 0o755);
  };
  const calls = async () => (await readFile(path.join(folder, 'calls'), 'utf8')).trim().split('\n');
  /** The last `--…file=` of a call is the one that is written. */
  const metadata = (digest: string) =>
    `for a; do case $a in --metadata-file=*) printf '{"containerimage.digest":"${digest}","containerimage.config.digest":"${HERE}"}' >"\${a#*=}";; esac; done`;

  it('buildx: builds and pushes in one call, at the time of the commit, without an attestation of its own', async () => {
    await command('docker', metadata(PUSHED));
    assert.equal(await buildxBuilder.check(shop), undefined);
    assert.equal(await buildxBuilder.build(shop, ORDER), PUSHED);
    const call = (await calls()).at(-1) ?? '';
    for (const part of [
      '--output=type=image,push=true',
      '--provenance=false',
      '--platform=linux/amd64',
      '--build-context=server=/staged',
    ]) {
      assert.ok(call.includes(part), `${call} has ${part}`);
    }
    assert.match(call, /\[1700000000\]$/);
    assert.equal(await buildxBuilder.build(shop, { ...ORDER, push: false }), HERE);
    assert.match((await calls()).at(-1) ?? '', /--output=type=docker/);
  });

  for (const name of ['podman', 'buildah'] as const) {
    it(`${name}: builds, then pushes, and says what the registry has`, async () => {
      await command(name, `case $1 in build) echo ${HERE.slice(7)} >"$file";; push) echo ${PUSHED} >"$file";; esac`);
      const builder = buildahBuilder(name);
      assert.equal(await builder.check(shop), undefined);
      assert.equal(await builder.build(shop, { ...ORDER, push: false }), HERE);
      assert.equal(await builder.build(shop, ORDER), PUSHED);
      const [, , build = '', push = ''] = await calls();
      assert.match(build, /--timestamp=1700000000 .*--label=org\.opencontainers\.image\.version=v1 \/tree/);
      assert.match(push, /push --digestfile=\S+ registry\.example\/lifeverse\/saves:v1/);
      assert.doesNotMatch(push, /tls-verify/);
    });
  }

  it('a build that fails says its last lines, and nothing is written down', async () => {
    await command('buildah', 'case $1 in build) echo "no space left" >&2; exit 125;; esac');
    const bases = ['NODE_IMAGE', 'RUNTIME_IMAGE'].map((name) => [name, `registry.example/base@${HERE}`]);
    const wish = readWish({
      REGISTRY: 'registry.example/lifeverse',
      TAG: 'v1',
      ONLY: 'saves',
      BUILDER: 'buildah',
      ...Object.fromEntries(bases),
    });
    const around = { shop, root: ROOT, pinsFile: path.join(folder, 'pins.json'), recordFile: path.join(folder, 'images.json') };
    await assert.rejects(makeImages(wish, around), (cause) => cause instanceof CommandFailure && /no space left/.test(cause.message));
    await assert.rejects(readFile(around.recordFile), /ENOENT/);
    assert.ok(said.some((line) => line.includes('buildah rmi registry.example/lifeverse/saves:v1')));
  });

  it('says all that is missing at once: a builder, a staged server, bases that nobody can resolve', async () => {
    const nobody = '127.0.0.1:1/base:1';
    const wish = readWish({
      REGISTRY: 'registry.example/lifeverse',
      ONLY: 'unreal-server,saves',
      BUILDER: 'podman',
      ...Object.fromEntries(['NODE_IMAGE', 'CPP_IMAGE', 'RUNTIME_IMAGE', 'SHELL_IMAGE'].map((name) => [name, nobody])),
    });
    shop = { ...shop, env: { PATH: path.join(folder, 'bin') } };
    const around = { shop, root: ROOT, pinsFile: path.join(folder, 'pins.json'), recordFile: path.join(folder, 'images.json') };
    await assert.rejects(makeImages(wish, around), (cause) => {
      assert.ok(cause instanceof MissingForImages);
      for (const what of [
        /a builder: .*podman: is not on the PATH/,
        /git and a commit/,
        /SERVER=/,
        /NODE_IMAGE/,
        /RUNTIME_IMAGE/,
        /SHELL_IMAGE/,
      ]) {
        assert.match(cause.message, what);
      }
      assert.doesNotMatch(cause.message, /CPP_IMAGE/);
      return true;
    });
  });
});
