import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openRunSeconds } from './run-seconds.ts';

describe('How long test files take', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'run-seconds-'));
    writeFileSync(path.join(folder, 'a.test.ts'), 'x'.repeat(4_000));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is known to the next run, beside what another has noted meanwhile', () => {
    const [one, other] = [openRunSeconds(folder, folder), openRunSeconds(folder, folder)];
    one.note('a.test.ts', 12.34);
    other.note('b.test.ts', 5);
    const next = openRunSeconds(folder, folder);
    assert.deepEqual([next.of('a.test.ts'), next.of('b.test.ts')], [12.3, 5]);
  });

  it('is told by their size where nothing is noted, or what is noted cannot be read', () => {
    assert.equal(openRunSeconds(folder, folder).of('a.test.ts'), 2);
    writeFileSync(path.join(folder, 'test-seconds.json'), '{"a.test.ts": -1}');
    assert.equal(openRunSeconds(folder, folder).of('a.test.ts'), 2);
    assert.equal(openRunSeconds(folder, folder).of('is-not-there.test.ts'), 0);
  });
});
