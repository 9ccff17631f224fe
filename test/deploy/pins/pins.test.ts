import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addPins, readPins } from '../../../deploy/pins/pins.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

describe('deploy: pins', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'lifeverse-pins-'));
    file = path.join(folder, 'pins.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('has none where the file is not there', async () => {
    assert.deepEqual(await readPins(file), { images: {}, charts: {} });
  });

  it('adds to what is there, and leaves nothing else behind', async () => {
    await addPins(file, { images: { 'docker.io/library/debian:12': DIGEST } });
    await addPins(file, { charts: { agones: { repository: 'https://charts.example/stable', version: '1.2.3' } } });
    assert.deepEqual(await readPins(file), {
      images: { 'docker.io/library/debian:12': DIGEST },
      charts: { agones: { repository: 'https://charts.example/stable', version: '1.2.3' } },
    });
    assert.deepEqual(await readdir(folder), ['pins.json']);
  });

  for (const [what, text] of [
    ['a tag in place of a digest', '{"images":{"debian":"12"}}'],
    ['a range in place of a version', '{"charts":{"agones":{"repository":"https://a.example","version":"^1.2"}}}'],
    ['an unknown field', '{"image":{}}'],
    ['no JSON', 'images:'],
  ] as const) {
    it(`refuses ${what}, and names the file`, async () => {
      await writeFile(file, text);
      await assert.rejects(readPins(file), /pins\.json: /);
    });
  }
});
