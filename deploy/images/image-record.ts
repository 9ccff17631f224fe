/** What was built last, for the steps that deploy it: `.deploy/images.json`. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

export const ImageRecord = z.strictObject({
  registry: z.string(),
  tag: z.string(),
  /** Otherwise the digests are ids that only this machine knows. */
  pushed: z.boolean(),
  /** Name → digest. */
  images: z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/)),
});
export type ImageRecord = z.infer<typeof ImageRecord>;

/** Adds to what was built under the same name before, and else takes its place; whole or not at all. */
export async function writeImageRecord(file: string, record: ImageRecord): Promise<void> {
  const before = await readImageRecord(file);
  const isSame = before?.registry === record.registry && before.tag === record.tag && before.pushed === record.pushed;
  const next = isSame ? { ...record, images: { ...before.images, ...record.images } } : record;
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, `${JSON.stringify(next, null, 2)}\n`);
  await rename(draft, file);
}

/** @returns undefined where there is none, or none that can be read: it is only ever a note of the last build. */
async function readImageRecord(file: string): Promise<ImageRecord | undefined> {
  try {
    return ImageRecord.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}
