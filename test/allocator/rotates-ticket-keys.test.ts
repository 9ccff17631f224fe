import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import type { Db } from 'mongodb';
import { dueOf, signingOf, type Generation } from '../../allocator/tickets/key-generations.ts';
import { MOST_VALID_MS, openTicketKeys, type TicketKeys } from '../../allocator/tickets/ticket-keys.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { freshDatabase, type FreshDatabase } from '../services/fresh-database.ts';
import { letPass } from './allocator-under-test.ts';

const DAY = 24 * 3_600_000;
const HOUR = 3_600_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const times = { periodMs: 30 * DAY, leadMs: HOUR, outliveMs: DAY };

const at = (ms: number) => new Date(START + ms);

describe('A signing key', () => {
  const first: Generation = { generation: 1, signFrom: at(0), publishUntil: null };

  it('is announced two leads before its turn, and gets its date only when it was seen', () => {
    assert.deepEqual(dueOf([], START, times), [{ kind: 'announce', generation: 1, signFrom: at(0) }]);
    assert.deepEqual(dueOf([first], START + 30 * DAY - 2 * HOUR - 1, times), []);
    assert.deepEqual(dueOf([first], START + 30 * DAY - 2 * HOUR, times), [{ kind: 'announce', generation: 2, signFrom: null }]);
    const second: Generation = { generation: 2, signFrom: null, publishUntil: null };
    const [soon] = dueOf([first, second], START + 30 * DAY - 2 * HOUR, times);
    assert.deepEqual(soon, { kind: 'activate', of: second, signFrom: at(30 * DAY) });
    const [late] = dueOf([first, second], START + 40 * DAY, times);
    assert.deepEqual(late, { kind: 'activate', of: second, signFrom: at(40 * DAY + HOUR) });
  });

  it('signs until its successor does, is published a while longer, and is forgotten then', () => {
    const second: Generation = { generation: 2, signFrom: at(30 * DAY), publishUntil: null };
    assert.equal(signingOf([first, second], START + 30 * DAY - 1), first);
    assert.equal(signingOf([first, second], START + 30 * DAY), second);
    assert.deepEqual(dueOf([first, second], START + 30 * DAY - 1, times), []);
    assert.deepEqual(dueOf([first, second], START + 31 * DAY, times), [{ kind: 'outlive', of: first, publishUntil: at(32 * DAY) }]);
    const over = { ...first, publishUntil: at(32 * DAY) };
    assert.deepEqual(dueOf([over, second], START + 32 * DAY - 1, times), []);
    assert.deepEqual(dueOf([over, second], START + 32 * DAY, times), [{ kind: 'forget', of: over }]);
  });
});

describe('Ticket keys', function () {
  this.timeout(300_000);
  let database: FreshDatabase;
  let time = START;
  const stop = new AbortController();
  beforeEach(async () => {
    database = await freshDatabase();
    time = START;
  });
  afterEach(() => database.close());
  after(() => stop.abort());

  const open = (more: { db?: Db; now?: () => number; sealers?: Buffer[]; leadMs?: number; periodMs?: number } = {}) =>
    openTicketKeys(more.db ?? database.db, {
      now: () => time,
      log: SILENT_LOG,
      periodMs: 30 * DAY,
      leadMs: HOUR,
      sealers: [],
      ...more,
    });

  const kidOf = (token: string) => decodeProtectedHeader(token).kid;
  const verify = async (token: string, set: Awaited<ReturnType<TicketKeys['publicKeys']>>) =>
    jwtVerify(token, createLocalJWKSet(set as JSONWebKeySet), { currentDate: new Date(time) });

  it('are the same in every process, also when all start at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open()));
    const kids = await Promise.all(all.map(async (keys) => kidOf(await keys.sign({}, time + 1_000))));
    assert.equal(new Set(kids).size, 1);
    for (const keys of all) assert.equal((await keys.publicKeys()).keys.length, 1);
  });

  it('verify at everybody, whoever signs, through three rotations', async () => {
    const short = { periodMs: 2 * DAY, leadMs: 4 * HOUR };
    const processes = [await open(short), await open(short), await open(short)];
    /** As a verifier keeps it: older by what it may be kept. */
    let kept = await processes[0]?.publicKeys();
    let grants: { token: string; until: number }[] = [];
    const kids = new Set<string | undefined>();
    for (let step = 0; time < START + 7 * DAY; step += 1) {
      // Whoever starts looks, and carries out what is due, as each process does all the time.
      processes[step % 3] = await open(short);
      for (const [nth, keys] of processes.entries()) {
        const token = await keys.sign({ sub: String(step) }, time + MOST_VALID_MS);
        kids.add(kidOf(token));
        if (kept) await verify(token, kept);
        if (nth === step % 6) grants.push({ token, until: time + MOST_VALID_MS });
      }
      kept = await processes[(step + 1) % 3]?.publicKeys();
      grants = grants.filter((grant) => grant.until > time);
      for (const { token } of grants) if (kept) await verify(token, kept);
      time += 2 * HOUR;
    }
    assert.equal(kids.size, 4);
    const stored = await database.db.collection('ticket_key_generations').countDocuments();
    assert.ok(stored <= 2, `${stored} are stored`);
  });

  it('are not used by a process that was paused past their time', async () => {
    const paused = await open();
    const old = kidOf(await paused.sign({}, time + 1_000));
    for (const days of [30 - 1 / 24, 30 - 1 / 24, 30, 31, 33]) {
      time = START + days * DAY;
      await open();
    }
    const awake = await paused.sign({}, time + 1_000);
    assert.notEqual(kidOf(awake), old);
    const published = await (await open()).publicKeys();
    await verify(awake, published);
    assert.ok(!published.keys.some((key) => key['kid'] === old));
  });

  it('sign only a lead after everybody can see them, also when the process that makes them was paused over its writes', async () => {
    const gate = gated(database.db);
    await open();
    time = START + 30 * DAY - HOUR;
    const slow = open({ db: gate.db });
    await gate.reached('insertOne');
    time += 3 * HOUR;
    const before = kidOf(await (await open()).sign({}, time + 1_000));
    await gate.open('insertOne');
    await slow;
    // Announced now, whatever the time was when it was made: nobody signs with it for a lead.
    const announcedAt = time;
    const seen = async () => (await (await open()).publicKeys()).keys.length;
    assert.equal(await seen(), 2);
    while (kidOf(await (await open()).sign({}, time + 1_000)) === before) time += 60_000;
    assert.ok(time - announcedAt >= HOUR, `${time - announcedAt}`);
  });

  it('are sealed at rest where there is a secret, can be moved to another one, and stop a process that has none', async () => {
    const [one, two] = [randomBytes(32), randomBytes(32)];
    const stored = async () => database.db.collection('ticket_key_generations').findOne({});
    const clear = await open();
    const token = await clear.sign({}, time + 1_000);
    const d = (await stored())?.['secret'].d as string;
    assert.equal(typeof d, 'string');
    const sealed = await open({ sealers: [one] });
    assert.ok(!JSON.stringify(await stored()).includes(d));
    assert.equal(kidOf(await sealed.sign({}, time + 1_000)), kidOf(token));
    const under = (await stored())?.['secret'].under as string;
    await open({ sealers: [two, one] });
    assert.notEqual((await stored())?.['secret'].under, under);
    await verify(await (await open({ sealers: [two] })).sign({}, time + 1_000), await clear.publicKeys());
    await assert.rejects(open({ sealers: [one] }), { code: 'ticket_key_sealed' });
    await assert.rejects(open(), { code: 'ticket_key_sealed' });
    const raw = database.db.collection('ticket_key_generations');
    await raw.updateOne({}, { $set: { 'jwk.kid': 'another' } });
    await assert.rejects(open({ sealers: [two] }), { code: 'ticket_key_sealed' });
  });

  it('go on by themselves while the process runs', async () => {
    const keys = await open({ now: Date.now, periodMs: 800, leadMs: 200 });
    const running = keys.run(stop.signal);
    const kids = new Set<string | undefined>();
    while (kids.size < 3) {
      const token = await keys.sign({}, Date.now() + 10_000);
      kids.add(kidOf(token));
      await jwtVerify(token, createLocalJWKSet((await keys.publicKeys()) as JSONWebKeySet));
      await letPass(10);
    }
    stop.abort();
    await running;
  });
});

/** A connection whose writes wait at a gate. */
function gated(db: Db) {
  const waiting = new Map<string, () => void>();
  const reached = new Map<string, () => void>();
  const collection = (name: string) => {
    const raw = db.collection(name);
    const insertOne = raw.insertOne.bind(raw);
    raw.insertOne = async (...args: Parameters<typeof insertOne>) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set('insertOne', resolve);
      reached.get('insertOne')?.();
      await promise;
      return insertOne(...args);
    };
    return raw;
  };
  return {
    db: new Proxy(db, { get: (target, name) => (name === 'collection' ? collection : Reflect.get(target, name)) }),
    reached: (verb: string) => new Promise<void>((resolve) => (waiting.has(verb) ? resolve() : void reached.set(verb, resolve))),
    open: async (verb: string) => waiting.get(verb)?.(),
  };
}
