/**
 * What is taken from elsewhere, by exact version: base images by digest, charts by version. No pin is ever guessed: a step that needs one
 * which is not there resolves it at its real source, keeps it here, or stops and says what is missing.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/** In the tree, and committed. */
export const PINS_FILE = 'deploy/pins.json';

export const Pins = z.strictObject({
  /** Image as it is named in a Dockerfile (`docker.io/library/node:24-bookworm-slim`) → its digest. */
  images: z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/)).default({}),
  /** Chart (`agones`) → its version and where it was resolved. */
  charts: z
    .record(z.string(), z.strictObject({ repository: z.url(), version: z.string().regex(/^v?\d+\.\d+\.\d+([-+].*)?$/) }))
    .default({}),
});
export type Pins = z.infer<typeof Pins>;

/** @returns none where the file is not there yet. @throws with the place of the fault for one that is not right. */
export async function readPins(file: string): Promise<Pins> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '{}';
    throw cause;
  });
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file}: is not JSON`, { cause });
  }
  const parsed = Pins.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Error(`${file}: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`);
}

/** Adds to what is there: whole or not at all. */
export async function addPins(file: string, added: { images?: Pins['images']; charts?: Pins['charts'] }): Promise<void> {
  const present = await readPins(file);
  const next: Pins = { images: sorted({ ...present.images, ...added.images }), charts: sorted({ ...present.charts, ...added.charts }) };
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, `${JSON.stringify(next, null, 2)}\n`);
  await rename(draft, file);
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => a.localeCompare(b)));
}
