import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { CHARTS } from '../../../deploy/cluster/charts.ts';
import { pinCharts } from '../../../deploy/cluster/pin-charts.ts';
import { readPins } from '../../../deploy/pins/pins.ts';
import { DeploymentUnderTest } from './deployment-under-test.ts';
import type { Rule } from './fake-cloud.ts';

const describes = (name: string, version: string): Rule => ({
  on: `helm show chart ${name} --repo *`,
  says: `apiVersion: v2\nname: ${name}\nversion: ${version}\nappVersion: 9.9.9`,
});

describe('deploy: make pins', () => {
  let it_: DeploymentUnderTest;
  let said: string[];
  beforeEach(async () => {
    it_ = await DeploymentUnderTest.open();
    said = [];
  });
  afterEach(() => it_.close());

  const pin = () => {
    const shop = { env: it_.cloud.env, say: (line: string) => void said.push(line), signal: new AbortController().signal };
    return pinCharts({ shop, tree: it_.tree });
  };

  it('keeps what each chart’s own repository says, and leaves other pins alone', async () => {
    const image = `sha256:${'cd'.repeat(32)}`;
    await it_.write('deploy/pins.json', JSON.stringify({ images: { 'docker.io/library/node:24': image } }));
    await it_.cloud.answer([describes('agones', '1.62.1'), describes('cert-manager', 'v1.19.1'), describes('external-secrets', '1.0.0')]);
    assert.equal(await pin(), 0, said.join('\n'));
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
      assert.equal(await readFile(path.join(it_.tree, 'deploy/pins.json'), 'utf8'), before);
    });
  }

  it('stops without helm, and says how to get it', async () => {
    await rm(path.join(it_.cloud.folder, 'bin', 'helm'));
    assert.equal(await pin(), 1);
    assert.match(said.join('\n'), /helm is not on the PATH\. Install it/);
  });
});
