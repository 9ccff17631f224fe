import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GameConnection } from '../../local/demo/udp-client.ts';
import { createAgonesClient } from '../../sdk-bridge/agones/agones-client.ts';
import { buildSampleServer, SampleServerProcess } from '../unreal/sample-server-process.ts';
import { startSolo, type Solo } from './stand-in/solo-process.ts';
import { until } from './stand-in/until.ts';

const WAIT_MS = 90_000;
const AS_ON_WINDOWS = ['--import', './test/sdk-bridge/stand-in/as-on-windows.ts'];

describe('npm run bridge -- --solo', function () {
  this.timeout(300_000);
  let solo: Solo;
  const opened: (() => Promise<void>)[] = [];

  before(async function () {
    this.timeout(600_000);
    await buildSampleServer();
    // Everything below holds without /proc, signals and handles of folders, too.
    solo = await startSolo([], { nodeArgs: AS_ON_WINDOWS });
  });
  after(() => solo?.close());
  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  const state = async () => (await solo.script.soloState({})).body;
  const untilAgonesSays = (wanted: string) => until(async () => (await state()).agones.state === wanted, `Agones says ${wanted}`, WAIT_MS);
  const untilPhase = (wanted: string) => until(async () => (await state()).phase === wanted, `the session is ${wanted}`, WAIT_MS);

  async function press(): Promise<SampleServerProcess> {
    const server = await SampleServerProcess.start(solo.port(), ['--build=b1', '--empty-seconds=0.2']);
    opened.push(() => server.kill());
    await untilAgonesSays('Ready');
    return server;
  }
  async function enter(playerId: string, admission: { joinTicket: string; packetKey: string }): Promise<GameConnection> {
    const port = (await state()).allocation?.port ?? 0;
    const game = await GameConnection.connect({ address: { host: '127.0.0.1', port }, playerId, admission, timeoutMs: WAIT_MS });
    opened.push(async () => game.close());
    return game;
  }

  it('plays a whole session of the sample server, across a kill of the bridge, and keeps its world in the folder', async () => {
    const server = await press();
    const { admissions, gameServer } = (
      await solo.script.soloAllocate({ body: { session: { map: 'arena', world: 'World:1' }, players: [{ id: 'ann' }] } })
    ).body;
    await untilPhase('joinable');
    const ann = admissions[0];
    assert.ok(ann);
    const game = await enter('ann', ann);
    for (const n of [1, 2, 3]) await game.move(n, n);
    const whileAway = [4, 5].map((n) => game.move(n, n));
    await solo.crash();
    await Promise.all(whileAway);
    assert.deepEqual([(await state()).gameServer, (await state()).phase], [gameServer, 'joinable']);
    const bob = (await solo.script.soloTicket({ body: { playerId: 'bob' } })).body;
    await (await enter('bob', bob)).leave({ forGood: true });
    await game.leave();
    assert.equal((await server.outcome).code, 0);
    const { allocation, agones } = await state();
    assert.deepEqual([allocation?.state, allocation?.reason, agones.state], ['ended', 'everybody has left', 'Shutdown']);
    const [world = ''] = await readdir(join(solo.folder, 'saves', 'worlds'));
    assert.match(world, /^[\w-]+$/);
    const journal = await readFile(join(solo.folder, 'saves', 'worlds', world, 'journal.jsonl'), 'utf8');
    assert.deepEqual(
      journal.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { seq: number }).seq])),
      [1, 2, 3, 4, 5],
    );
  });

  it('begins the next life with the next start of the game server, on the same port, with the world as it was', async () => {
    const { life } = await state();
    const server = await press();
    assert.equal((await state()).life, life + 1);
    const wanted = { session: { map: 'arena', world: 'World:1' }, players: [{ id: 'ann' }] };
    const [ann] = (await solo.script.soloAllocate({ body: wanted })).body.admissions;
    await untilPhase('joinable');
    const game = await enter('ann', ann ?? { joinTicket: '', packetKey: '' });
    assert.equal(game.joined.you.moves.at(-1)?.at(-1) ?? 0, 5);
    await solo.script.soloLoseWorld({});
    await assert.rejects(game.move(6, 6), { name: 'AppError' });
    assert.equal((await server.outcome).code, 0);
    await until(async () => (await state()).allocation?.state === 'lost', 'the allocator learns of it', WAIT_MS);
  });

  it('refuses what a real door refuses, and survives Agones and the backend going away', async () => {
    await press();
    await solo.script.soloAllocate({ body: { session: { map: 'arena', world: 'w2' }, players: [{ id: 'ann' }] } });
    await assert.rejects(solo.script.soloAllocate({ body: { session: { map: 'arena' } } }), { code: 'session_before' });
    await untilPhase('joinable');
    const late = (await solo.script.soloTicket({ body: { playerId: 'ann', expiresInSeconds: -60 } })).body;
    await assert.rejects(enter('ann', late), { code: 'join_expired' });
    await solo.script.soloKick({ body: { playerId: 'ann' } });
    await solo.script.soloAgones({ body: { do: 'restart' } });
    await solo.script.soloBackend({ body: { saves: 'away' } });
    const bob = (await solo.script.soloTicket({ body: { playerId: 'bob' } })).body;
    const game = await enter('bob', bob);
    const moved = game.move(1, 1);
    await until(async () => (await solo.bridge.worldAcks({})).body.accepted === 1, 'it is accepted', WAIT_MS);
    assert.equal((await solo.bridge.worldAcks({})).body.durable, 0);
    await solo.script.soloBackend({ body: { saves: 'here' } });
    await moved;
    const told = (await (await fetch(`http://127.0.0.1:${solo.port()}/gameserver`)).json()) as { status: { state: string } };
    assert.equal(told.status.state, 'Allocated');
    await until(async () => ((await state()).agones.secondsSinceBeat ?? 99) < 5, 'Agones hears of the game server again', WAIT_MS);
    await solo.script.soloReset({ body: { forgetSaves: true } });
    const after = await state();
    assert.deepEqual([after.phase, after.allocation, after.agones.state], ['idle', undefined, 'Scheduled']);
    assert.deepEqual(await readdir(solo.folder).then((names) => names.includes('saves')), false);
  });

  it('keeps what a player picks up in one entry with the world, tells who has to go, and what Agones was told', async () => {
    const { bridge, script } = solo;
    await script.soloReset({ body: { forgetSaves: true } });
    await bridge.hello({ body: { build: 'b1', plugin: 'test' } });
    await bridge.warm({});
    await untilAgonesSays('Ready');
    const wanted = { session: { map: 'arena', world: 'w3' }, players: [{ id: 'ann' }] };
    const [ann] = (await script.soloAllocate({ body: wanted })).body.admissions;
    await untilPhase('claimed');
    await bridge.accept({ body: { port: 7_777, build: 'b1' } });
    const ticket = ann?.joinTicket ?? '';
    assert.equal((await bridge.admit({ body: { ticket } })).body.admitted, true);
    await bridge.present({ params: { player: 'ann' } });
    const empty = (await bridge.inventory({ params: { player: 'ann' } })).body;
    assert.deepEqual([empty.durableSeq, empty.entries], [0, []]);
    const share = { playerId: 'ann', seq: 1, data: { has: 'sword' } };
    await bridge.appendWorld({ body: { entries: [{ seq: 1, data: { taken: 'sword' }, inventories: [share] }] } });
    await bridge.worldAcks({ query: { wait: 20, after: 0 } });
    await solo.crash();
    const restored = (await bridge.inventory({ params: { player: 'ann' } })).body;
    assert.deepEqual([restored.durableSeq, restored.entries], [1, [{ seq: 1, data: { has: 'sword' } }]]);

    await script.soloKick({ body: { playerId: 'ann', reason: 'by the host' } });
    await until(
      async () => (await bridge.notices({})).body.notices.some((notice) => notice.kind === 'kick' && notice.playerId === 'ann'),
      'the game server is told',
      WAIT_MS,
    );
    await bridge.leave({ params: { player: 'ann' }, body: { forGood: true } });
    assert.equal((await bridge.admit({ body: { ticket } })).body.admitted, false);
    const again = (await script.soloTicket({ body: { playerId: 'ann' } })).body;
    assert.equal((await bridge.admit({ body: { ticket: again.joinTicket } })).body.admitted, true);

    const agones = `http://127.0.0.1:${solo.port()}`;
    const label = { method: 'PUT', body: JSON.stringify({ key: 'mood', value: 'good' }) };
    assert.equal((await fetch(`${agones}/metadata/label`, label)).status, 200);
    const labels = async () => {
      const gameServer = (await (await fetch(`${agones}/gameserver`)).json()) as { object_meta: { labels: Record<string, string> } };
      return gameServer.object_meta.labels;
    };
    await until(async () => (await labels())['agones.dev/sdk-mood'] === 'good', 'the label is written');
    await script.soloReset({ body: { forgetSaves: true } });
  });

  it("answers Agones' SDK over gRPC, life after life on one port", async () => {
    const client = createAgonesClient(solo.grpcPort());
    try {
      const names: string[] = [];
      for (let life = 0; life < 2; life += 1) {
        await solo.script.soloReset({ body: {} });
        await client.ready();
        await untilAgonesSays('Ready');
        names.push((await client.getGameServer()).gameServer.objectMeta.name);
      }
      assert.equal(new Set(names).size, 2);
    } finally {
      client.close();
    }
  });

  it('does not begin anew where what it kept cannot be read', async () => {
    const kept = join(solo.folder, 'solo.json');
    const text = await readFile(kept, 'utf8');
    await writeFile(kept, text.slice(0, 100));
    await assert.rejects(solo.crash(), /cannot go on: .*solo\.json cannot be read/);
    assert.equal(await readFile(kept, 'utf8'), text.slice(0, 100));
    await writeFile(kept, text);
    await solo.crash();
  });

  it('has asked for nothing that only POSIX has', () => {
    assert.deepEqual(
      solo
        .said()
        .split('\n')
        .filter((line) => line.startsWith('POSIX only:')),
      [],
    );
  });
});
