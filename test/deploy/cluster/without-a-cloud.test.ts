import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.join(import.meta.dirname, '../../..');

describe('deploy: make deploy-cluster PLAN=1 with no cloud', function () {
  this.timeout(180_000);
  let home: string;
  before(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'lifeverse-nobody-'));
  });
  after(() => rm(home, { recursive: true, force: true }));

  it('ends well on this machine, with whatever is on its PATH, and shows the steps and what is missing', async () => {
    // Somebody who has never logged in, whoever runs the tests.
    const { MONGODB_ATLAS_PUBLIC_KEY: _, MONGODB_ATLAS_CLIENT_ID: __, GOOGLE_APPLICATION_CREDENTIALS: ___, ...own } = process.env;
    const env = { ...own, HOME: home, CLOUDSDK_CONFIG: path.join(home, 'gcloud'), NO_GCE_CHECK: 'true' };
    const had = existsSync(path.join(ROOT, '.deploy/dev'));
    const { stdout } = await promisify(execFile)('make', ['--no-print-directory', 'deploy-cluster', 'PLAN=1'], { cwd: ROOT, env });
    const steps = [...stdout.matchAll(/^ +(\d+)\. .+\n +why .+\n +runs .+\n(?: {10,}.+\n)* +done .+\n +undo .+$/gm)].map(([, nth]) =>
      Number(nth),
    );
    assert.deepEqual(
      steps,
      Array.from({ length: steps.length }, (_one, nth) => nth + 1),
      stdout,
    );
    assert.ok(steps.length >= 20, stdout);
    const missing = Number(/^What is missing \((\d+)\):$/m.exec(stdout)?.[1]);
    assert.ok(missing >= 2, stdout);
    assert.match(stdout, /application default login: .+\n +→ gcloud auth application-default login|gcloud: is not on the PATH/);
    assert.match(stdout, /pins of charts|charts +agones/);
    assert.match(
      stdout,
      /Cost, for the environment’s default settings:\n {2}dev, a quiet month: about \d+ US dollars[\s\S]*nodes at their fewest/,
    );
    assert.match(stdout, /This was only the plan\. When nothing is missing: make deploy-cluster ENV=dev\n$/);
    assert.equal(existsSync(path.join(ROOT, '.deploy/dev')), had, 'a plan leaves nothing behind');
  });

  it('says what is wrong with what it was told, all of it', async () => {
    const run = promisify(execFile)('make', ['--no-print-directory', 'deploy-cluster', 'YES=yes', 'TAG=not a tag'], { cwd: ROOT });
    await assert.rejects(run, /ENV: is one of dev, staging, prod[\s\S]*YES: is 1 or not set[\s\S]*TAG: is an image tag/);
  });
});
