import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOG } from '../../runtime/log.ts';
import { createSpool, reopenSpool } from '../../sdk-bridge/world/spool.ts';

describe('the spool', () => {
  const owner = { uid: 'u', attempt: 1, world: 'w', epoch: 1 };
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spool-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const entries = (from: number, count: number, text = '') =>
    Array.from({ length: count }, (_, at) => ({ seq: from + at, data: { text } }));
  const seqs = (read: readonly { seq: number }[]) => read.map(({ seq }) => seq);

  it('gives back in order what was appended, in batches, also after a restart', async () => {
    const spool = await createSpool(folder, owner, 10);
    await Promise.all([spool.append(entries(11, 3)), spool.append(entries(14, 2))]);
    assert.deepEqual(seqs(await spool.read(10, 2, 1_000_000)), [11, 12]);
    assert.deepEqual(seqs(await spool.read(12, 10, 1_000_000)), [13, 14, 15]);
    await spool.close();
    const again = await reopenSpool(folder, owner, SILENT_LOG);
    assert.deepEqual([again?.first, again?.last], [10, 15]);
    assert.deepEqual(seqs((await again?.read(11, 10, 1_000_000)) ?? []), [12, 13, 14, 15]);
    await again?.close();
  });

  it('cuts a torn end off and goes on there', async () => {
    const spool = await createSpool(folder, owner, 0);
    await spool.append(entries(1, 2));
    await spool.close();
    const [file] = await readdir(folder);
    const path = join(folder, file ?? '');
    await appendFile(path, Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 123]));
    const again = await reopenSpool(folder, owner, SILENT_LOG);
    assert.equal(again?.last, 2);
    await again?.append(entries(3, 1));
    assert.deepEqual(seqs((await again?.read(0, 10, 1_000_000)) ?? []), [1, 2, 3]);
    await again?.close();
  });

  it('does not believe a record whose checksum is wrong', async () => {
    const spool = await createSpool(folder, owner, 0);
    await spool.append(entries(1, 2, 'precious'));
    await spool.close();
    const path = join(folder, (await readdir(folder))[0] ?? '');
    const bytes = await readFile(path);
    bytes[bytes.lastIndexOf('precious')] = 0x50;
    await writeFile(path, bytes);
    const again = await reopenSpool(folder, owner, SILENT_LOG);
    assert.equal(again?.last, 1);
    await again?.close();
  });

  it('drops files of entries that are stored elsewhere, keeps the rest, and reads entries larger than a batch', async () => {
    const spool = await createSpool(folder, owner, 0);
    const large = 'x'.repeat(1_500_000);
    for (let seq = 1; seq <= 9; seq++) await spool.append(entries(seq, 1, large));
    assert.ok((await readdir(folder)).length >= 3);
    assert.deepEqual(seqs(await spool.read(0, 10, 1_000_000)), [1]);
    await spool.drop(8);
    assert.equal((await readdir(folder)).length, 1);
    assert.deepEqual(seqs(await spool.read(8, 10, 1_000_000)), [9]);
    await spool.close();
  });

  it('never continues the journal of another epoch', async () => {
    const spool = await createSpool(folder, owner, 0);
    await spool.append(entries(1, 1));
    await spool.close();
    assert.equal(await reopenSpool(folder, { ...owner, epoch: 2 }, SILENT_LOG), undefined);
    assert.deepEqual(await readdir(folder), []);
  });
});
