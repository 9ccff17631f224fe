import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { savesApi } from '../../contracts/saves.ts';
import { createClient } from '../../contracts/client.ts';
import { answerByTable } from '../../sdk-bridge/solo/answer-by-table.ts';
import { createFolderSaves } from '../../sdk-bridge/solo/folder-saves.ts';
import { soloGuide } from '../../sdk-bridge/solo/solo-guide.ts';
import { readSoloOptions } from '../../sdk-bridge/solo/solo-options.ts';
import { UnreadableFile } from '../../sdk-bridge/store/kept-file.ts';
import { loadedBy, ROOT } from '../tooling/import-graph.ts';

describe('the command line of --solo', () => {
  it('has a default for everything', () => {
    assert.deepEqual(readSoloOptions(['--solo']), {
      options: {
        folder: '.lifeverse-solo',
        port: 9_358,
        grpcPort: 9_357,
        session: undefined,
        spec: { counters: {}, lists: {} },
        gates: { playerTracking: false, countsAndLists: true },
        logLevel: 'warn',
      },
    });
  });

  it('takes a session to be allocated by itself', () => {
    const reading = readSoloOptions(['--solo', '--port=0', '--session={"session":{"map":"Arena"},"players":[{"id":"ann"}]}']);
    assert.ok('options' in reading);
    assert.equal(reading.options.session?.session.map, 'Arena');
    assert.deepEqual(reading.options.session.players, [{ id: 'ann', role: 'player' }]);
  });

  it('takes what a fleet has its game servers count, and Agones’ gates', () => {
    const spec = '--spec={"counters":{"rooms":{"capacity":2}},"lists":{"guests":{}},"players":{}}';
    const reading = readSoloOptions(['--solo', spec, '--feature-gates=PlayerTracking=true']);
    assert.ok('options' in reading);
    assert.deepEqual(reading.options.spec, {
      counters: { rooms: { count: 0, capacity: 2 } },
      lists: { guests: { capacity: 1_000, values: [] } },
      players: { initialCapacity: 0 },
    });
    const off = readSoloOptions(['--solo', spec, '--feature-gates=CountsAndLists=false']);
    assert.ok('faults' in off);
    assert.deepEqual(
      off.faults.map((fault) => /PlayerTracking=true|CountsAndLists=false/.exec(fault)?.[0]),
      ['CountsAndLists=false', 'PlayerTracking=true'],
    );
    const bad = readSoloOptions(['--solo', '--spec={"counters":{"rooms":{"capacity":-1}},"count":1}']);
    assert.ok('faults' in bad);
    assert.match(bad.faults[0] ?? '', /counters rooms capacity .*count/);
  });

  it('lists every fault at once', () => {
    const reading = readSoloOptions(['--solo', '--prot=1', '--port=x', '--session={', '--folder=', '--log-level=loud']);
    assert.ok('faults' in reading);
    assert.equal(reading.faults.length, 5);
  });
});

describe('what --solo prints', () => {
  it('names address, folder and a line for each thing that can be scripted, quoted as any shell takes it', () => {
    const text = soloGuide({ http: 9_400, grpc: 9_401 }, '/saves', undefined);
    for (const word of ['http://127.0.0.1:9400', '127.0.0.1:9401', '/saves', 'HttpPort=9400', 'solo/allocate', 'solo/reset'])
      assert.ok(text.includes(word), word);
    for (const line of text.split('\n').filter((one) => one.includes('curl'))) assert.ok(!line.includes("'"), line);
    assert.ok(!soloGuide({ http: 9_358, grpc: 9_357 }, '/saves', undefined).includes('HttpPort='));
  });
});

describe('saves in a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'folder-saves-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  let broken: unknown[];
  const open = () => {
    broken = [];
    const saves = createFolderSaves(
      folder,
      () => 0,
      (cause) => broken.push(cause),
    );
    const client = createClient(savesApi, { baseUrl: 'http://saves.invalid', send: answerByTable(savesApi, saves.handlers) });
    return { saves, client };
  };
  const holder = (digit: string) => ({ uid: digit.repeat(32), attempt: 1 });
  const entry = (seq: number) => ({ seq, data: { seq } });

  it('fence as the service does, and are the same after a restart', async () => {
    const params = { kind: 'worlds', id: 'W:1' } as const;
    const first = open();
    assert.equal((await first.saves.takeWorld('W:1', holder('a'))).epoch, 1);
    assert.equal((await first.saves.takeWorld('W:1', holder('a'))).epoch, 1);
    assert.equal((await first.client.appendEntries({ params, body: { epoch: 1, entries: [entry(1), entry(2)] } })).body.durableSeq, 2);
    assert.equal((await first.client.appendEntries({ params, body: { epoch: 1, entries: [entry(2), entry(3)] } })).body.durableSeq, 3);
    await assert.rejects(first.client.appendEntries({ params, body: { epoch: 1, entries: [entry(5)] } }), { code: 'sequence_gap' });
    await assert.rejects(first.client.putSnapshot({ params, body: { epoch: 1, snapshot: { seq: 9, data: '' } } }), {
      code: 'snapshot_ahead',
    });
    await first.client.putSnapshot({ params, body: { epoch: 1, snapshot: { seq: 2, data: 'state' } } });
    assert.equal((await first.saves.takeWorld('W:1', holder('b'))).epoch, 2);
    await assert.rejects(first.client.appendEntries({ params, body: { epoch: 1, entries: [entry(4)] } }), { code: 'epoch_stale' });

    const { body } = await open().client.restore({ params });
    assert.deepEqual(body, { durableSeq: 3, snapshot: { seq: 2, data: 'state' }, entries: [entry(3)] });
  });

  it('keep apart ids that a file system would take for the same', async () => {
    const { saves, client } = open();
    for (const id of ['home', 'Home', 'ho.me', 'ho:me']) await saves.takeWorld(id, holder('a'));
    await client.appendEntries({ params: { kind: 'worlds', id: 'Home' }, body: { epoch: 1, entries: [entry(1)] } });
    for (const id of ['home', 'ho.me', 'ho:me'])
      assert.equal((await open().client.getLease({ params: { kind: 'worlds', id } })).body.durableSeq, 0);
  });

  it('say of a file that is there and cannot be read that it cannot, and leave it as it is', async () => {
    const params = { kind: 'worlds', id: 'home' } as const;
    await open().saves.takeWorld('home', holder('a'));
    const [name = ''] = await readdir(path.join(folder, 'worlds'));
    const head = path.join(folder, 'worlds', name, 'head.json');
    await writeFile(head, '{"id":"ho');
    const { client } = open();
    await assert.rejects(client.getLease({ params }));
    await assert.rejects(client.getLease({ params }));
    assert.deepEqual(
      broken.map((cause) => cause instanceof UnreadableFile && cause.message.includes(`${head} cannot be read: `)),
      [true],
    );
    assert.equal(await readFile(head, 'utf8'), '{"id":"ho');

    await open().saves.takeWorld('away', holder('a'));
    const other = (await readdir(path.join(folder, 'worlds'))).find((one) => one !== name) ?? '';
    await mkdir(path.join(folder, 'worlds', other, 'journal.jsonl'));
    await assert.rejects(open().saves.takeWorld('away', holder('b')), { name: 'UnreadableFile' });
    assert.equal(broken.length, 1);
  });

  it('answer bad input and unknown subjects with a problem, as over HTTP', async () => {
    const { client } = open();
    await assert.rejects(client.getLease({ params: { kind: 'worlds', id: 'none' } }), { kind: 'not-found', code: 'lease_absent' });
    const answer = await answerByTable(
      savesApi,
      open().saves.handlers,
    )({
      method: 'POST',
      url: 'http://saves.invalid/v1/worlds/w/entries',
      headers: {},
      body: '{"epoch":0}',
      timeoutMs: 1,
      signal: undefined,
    });
    assert.equal(answer.status, 400);
  });
});

describe('a solo bridge', () => {
  /** Word → the files that may say it, since they ask first whether it is there. */
  const POSIX_ONLY: readonly (readonly [RegExp, readonly string[]])[] = [
    [
      /['"`]\/(proc|sys|dev|tmp|var|etc|run)\//,
      [
        'sdk-bridge/config.ts',
        'sdk-bridge/crash/process-sight.ts',
        'sdk-bridge/telemetry/proc-readings.ts',
        'sdk-bridge/telemetry/cgroup-readings.ts',
      ],
    ],
    [/process\.(getuid|geteuid|getgid|setuid|umask)\b/, []],
    [/['"`]SIG(USR1|USR2|KILL|STOP|CONT|PIPE|CHLD)['"`]/, []],
    [/\bchild_process\b|\bchmod\b|\bsymlink\b|\bmkfifo\b/, []],
  ];

  it('reaches no file of ours that takes POSIX for granted', () => {
    const files = ['sdk-bridge/main.ts', 'sdk-bridge/solo/run-solo.ts'].flatMap((entry) => [entry, ...loadedBy(entry).keys()]);
    const own = [...new Set(files)].filter((file) => file.endsWith('.ts'));
    assert.ok(own.length > 50);
    for (const file of own) {
      const code = readFileSync(path.join(ROOT, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      for (const [word, allowed] of POSIX_ONLY) if (!allowed.includes(file)) assert.doesNotMatch(code, word, file);
    }
  });
});
