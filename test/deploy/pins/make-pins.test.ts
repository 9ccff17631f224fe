import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { BASES } from '../../../deploy/images/image-table.ts';
import { CHARTS } from '../../../deploy/pins/charts.ts';
import { makePins, PIN_KINDS, type PinKind } from '../../../deploy/pins/make-pins.ts';
import { readPins } from '../../../deploy/pins/pins.ts';
import { DeploymentUnderTest } from '../cluster/deployment-under-test.ts';
import type { Rule } from '../cluster/fake-cloud.ts';

const describes = (name: string, version: string): Rule => ({
  on: `helm show chart ${name} --repo *`,
  says: `apiVersion: v2\nname: ${name}\nversion: ${version}\nappVersion: 9.9.9`,
});

const CHARTS_THERE = [describes('agones', '1.62.1'), describes('cert-manager', 'v1.19.1'), describes('external-secrets', '1.0.0')];
const digestOf = (name: string) => `sha256:${createHash('sha256').update(name).digest('hex')}`;

describe('deploy: make pins', () => {
  let it_: DeploymentUnderTest;
  let said: string[];
  beforeEach(async () => {
    it_ = await DeploymentUnderTest.open();
    said = [];
  });
  afterEach(() => it_.close());

  const pin = (kinds: readonly PinKind[] = PIN_KINDS, bases = BASES, resolveDigest = async (name: string) => digestOf(name)) =>
    makePins({
      shop: { env: it_.cloud.env, say: (line: string) => void said.push(line), signal: new AbortController().signal },
      file: path.join(it_.tree, 'deploy/pins.json'),
      fileName: 'deploy/pins.json',
      kinds,
      bases,
      resolveDigest,
    });

  it('keeps what each chart’s own repository says, and leaves other pins alone', async () => {
    const image = `sha256:${'cd'.repeat(32)}`;
    await it_.write('deploy/pins.json', JSON.stringify({ images: { 'docker.io/library/node:24': image } }));
    await it_.cloud.answer(CHARTS_THERE);
    assert.equal(await pin(['charts']), 0, said.join('\n'));
    const { charts, images } = await readPins(path.join(it_.tree, 'deploy/pins.json'));
    assert.deepEqual(images, { 'docker.io/library/node:24': image });
    assert.deepEqual(Object.fromEntries(Object.entries(charts).map(([name, { version }]) => [name, version])), {
      agones: '1.62.1',
      'cert-manager': 'v1.19.1',
      'external-secrets': '1.0.0',
    });
    for (const { name, repository } of CHARTS) assert.equal(charts[name]?.repository, repository);
  });

  for (const [what, rules, told] of [
    ['one is too old', [describes('agones', '1.61.0')], /agones: the newest at .* is 1\.61\.0, and 1\.62\.0 is needed/],
    ['one has no answer', [{ on: 'helm show chart agones *', exits: 1, complains: 'Error: no such host' }], /no such host/],
    ['one is described otherwise', [{ on: 'helm show chart agones *', says: 'name: other\nversion: 1.62.0' }], /not understood/],
  ] as const) {
    it(`keeps none when ${what}`, async () => {
      const before = await readFile(path.join(it_.tree, 'deploy/pins.json'), 'utf8');
      await it_.cloud.answer([...rules, describes('cert-manager', 'v1.19.1'), describes('external-secrets', '1.0.0')]);
      assert.equal(await pin(), 1);
      assert.match(said.join('\n'), told);
      assert.match(said.join('\n'), /Nothing was changed/);
      assert.equal(await readFile(path.join(it_.tree, 'deploy/pins.json'), 'utf8'), before);
    });
  }

  it('keeps what each base image’s registry says now, in place of what was kept, and leaves charts alone', async () => {
    await it_.write('deploy/pins.json', JSON.stringify({ images: { [BASES.NODE_IMAGE]: `sha256:${'cd'.repeat(32)}` } }));
    const bases = { ...BASES, CPP_IMAGE: `ghcr.io/studio/cpp@sha256:${'ef'.repeat(32)}`, SHELL_IMAGE: 'localhost:5000/busybox:1' };
    assert.equal(await pin(['images'], bases), 0, said.join('\n'));
    const { charts, images } = await readPins(path.join(it_.tree, 'deploy/pins.json'));
    assert.deepEqual(charts, {});
    assert.deepEqual(images, Object.fromEntries([BASES.NODE_IMAGE, BASES.RUNTIME_IMAGE].map((name) => [name, digestOf(name)])));
    assert.match(said.join('\n'), /node:24-bookworm-slim sha256:cdcd\S+ → sha256:/);
  });

  it('names every registry and repository that does not answer, and keeps none', async () => {
    await it_.cloud.answer([{ on: 'helm show chart *', exits: 1, complains: 'Error: no such host' }]);
    const before = await readFile(path.join(it_.tree, 'deploy/pins.json'), 'utf8');
    const away = async (): Promise<string> => {
      throw new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND registry') });
    };
    assert.equal(await pin(PIN_KINDS, BASES, away), 1);
    for (const name of [...CHARTS.map((chart) => chart.name), ...Object.values(BASES)])
      assert.ok(said.join('\n').includes(`- ${name}: `), name);
    assert.match(said.join('\n'), /fetch failed \(getaddrinfo ENOTFOUND registry\)/);
    assert.equal(await readFile(path.join(it_.tree, 'deploy/pins.json'), 'utf8'), before);
  });

  it('stops without helm, and says how to get it; base images go without', async () => {
    await rm(path.join(it_.cloud.folder, 'bin', 'helm'));
    assert.equal(await pin(), 1);
    assert.match(said.join('\n'), /helm is not on the PATH\. Install it/);
    assert.equal(await pin(['images']), 0, said.join('\n'));
  });
});
