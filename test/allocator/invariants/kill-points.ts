/**
 * Loaded before a service's own `main.ts` (`node --import`): ends or pauses its process at a named point, without a change to what
 * production runs. The points are the writes of the MongoDB driver, the requests to API servers and those to other services, as far
 * as they concern one allocation; see `points.ts`.
 */
import { appendFileSync } from 'node:fs';
import { ClientRequest } from 'node:http';
import https from 'node:https';
import { createRequire, flushCompileCache, syncBuiltinESMExports } from 'node:module';
import { Collection } from 'mongodb';
import { z } from 'zod';
import { POINT_ENV, pointOf, type Phase } from './points.ts';

const { env } = process;
const at = env[POINT_ENV.at] ?? '';
const point = at === '' || at === 'record' ? undefined : pointOf(at);
const signal = env[POINT_ENV.signal] === 'SIGSTOP' ? 'SIGSTOP' : 'SIGKILL';
const logFile = env[POINT_ENV.file] ?? '';
/** What names the allocation: the client's id, and what is learnt of it on the way. */
const names = new Set(env[POINT_ENV.of] === undefined || env[POINT_ENV.of] === '' ? [] : [env[POINT_ENV.of] ?? '']);
const counts = new Map<string, number>();

if (at !== '') {
  watchWrites();
  watchKubernetes();
  watchServices();
}

/** An operation of this name begins. Whoever made it says when it goes on. */
function begin(name: string): (phase: Phase) => void {
  const nth = (counts.get(name) ?? 0) + 1;
  counts.set(name, nth);
  return (phase) => {
    if (at === 'record') flushCompileCache();
    if (at === 'record') appendFileSync(logFile, `${name}:${phase}:${nth}\n`);
    if (point?.name !== name || point.phase !== phase || point.nth !== nth) return;
    appendFileSync(logFile, `${at}\n`);
    process.kill(process.pid, signal);
  };
}

function concerns(text: string): boolean {
  return names.values().some((name) => text.includes(name));
}

const Insert = z.object({ id: z.string(), _id: z.string() });
const BoundTo = z.object({ $set: z.object({ server: z.object({ gameServer: z.string() }) }) });

function learn(collection: string, args: readonly unknown[]): void {
  const inserted = Insert.safeParse(args[0]).data;
  if (collection === 'allocations' && inserted !== undefined && names.has(inserted.id)) names.add(inserted._id);
  const bound = BoundTo.safeParse(args[1]).data;
  if (bound !== undefined && concerns(JSON.stringify(args))) names.add(bound.$set.server.gameServer);
}

function watchWrites(): void {
  const methods = [
    ['insertOne', 'insertMany', 'updateOne', 'updateMany', 'replaceOne', 'deleteOne', 'deleteMany'],
    ['bulkWrite', 'findOneAndUpdate', 'findOneAndReplace', 'findOneAndDelete'],
  ].flat();
  for (const method of methods) {
    replace(Collection.prototype, method, (original, self, args) => {
      const collection = self instanceof Collection ? self.collectionName : '';
      learn(collection, args);
      const reach = concerns(JSON.stringify(args)) ? begin(nameOfWrite(collection, method, args)) : undefined;
      return around(reach, () => original(...args));
    });
  }
}

/** Operators, each with its fields. */
const Update = z.record(z.string(), z.record(z.string(), z.unknown()).catch({}));

/** allocations by the state that the write makes, or by the fields that it changes; the rest by its verb. */
function nameOfWrite(collection: string, method: string, args: readonly unknown[]): string {
  if (collection !== 'allocations' || !method.startsWith('update')) return `${collection}:${method}`;
  const stages = z.array(Update).safeParse(Array.isArray(args[1]) ? args[1] : [args[1]]).data ?? [];
  const changes = stages.flatMap((stage) => Object.values(stage));
  const state = changes.find((change) => typeof change['state'] === 'string')?.['state'];
  if (typeof state === 'string') return `allocations:${state}`;
  const fields = changes.flatMap((change) => Object.keys(change).map((field) => field.split('.')[0] ?? ''));
  return `allocations:${[...new Set(fields)].toSorted().join('+')}`;
}

async function around(reach: ((phase: Phase) => void) | undefined, go: () => unknown): Promise<unknown> {
  reach?.('before');
  try {
    return await go();
  } finally {
    reach?.('after');
  }
}

function watchKubernetes(): void {
  replace(https, 'request', (original, _self, args) => {
    const sent: unknown = original(...args);
    if (!(sent instanceof ClientRequest)) return sent;
    replace(sent, 'end', (end, _self, body) => {
      const path = decodeURIComponent(sent.path);
      const text = typeof body[0] === 'string' ? body[0] : '';
      if (concerns(`${path} ${text}`)) {
        const reach = begin(nameOfCall(sent.method, path));
        reach('before');
        sent.once('finish', () => reach('sent'));
        // Before whoever asked hears of it.
        sent.prependOnceListener('response', () => reach('after'));
      }
      return end(...body);
    });
    return sent;
  });
  syncBuiltinESMExports();
}

function nameOfCall(method: string, path: string): string {
  if (path.endsWith('/gameserverallocations')) return 'call:allocate';
  if (method === 'DELETE') return 'call:release';
  return method === 'GET' ? 'call:look' : `call:${method} ${path.split('?')[0] ?? ''}`;
}

const Outgoing = z.object({ method: z.string(), body: z.string().nullish() });

/** By undici's own CommonJS exports, which are copied at the first import; that comes later. */
function watchServices(): void {
  const undici: unknown = createRequire(import.meta.url)('undici');
  if (!(undici instanceof Object)) throw new Error('undici exports nothing');
  replace(undici, 'request', (original, _self, args) => {
    const { method, body } = Outgoing.safeParse(args[1]).data ?? { method: 'GET', body: '' };
    const url = String(args[0]);
    const reach = concerns(`${url} ${body ?? ''}`) ? begin(`call:${method} ${new URL(url).pathname.split('/').at(-1) ?? ''}`) : undefined;
    return around(reach, () => original(...args));
  });
}

type Around = (original: (...args: unknown[]) => unknown, self: unknown, args: readonly unknown[]) => unknown;

function replace(owner: object, name: string, by: Around): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== 'function') throw new Error(`there is no function ${name} to put a point at`);
  const call =
    (self: unknown) =>
    (...args: unknown[]): unknown =>
      Reflect.apply(original, self, args);
  Reflect.set(owner, name, function replaced(this: unknown, ...args: unknown[]): unknown {
    return by(call(this), this, args);
  });
}
