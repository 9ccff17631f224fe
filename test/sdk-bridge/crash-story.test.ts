import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Crash } from '../../contracts/crash.ts';
import { findEvidence, keepEvidence } from '../../sdk-bridge/crash/crash-files.ts';
import { crashOf, tellCrash } from '../../sdk-bridge/crash/crash-story.ts';
import { isThere, seeProcess } from '../../sdk-bridge/crash/process-sight.ts';
import { claimed, died, ended, greeted, newSession } from '../../sdk-bridge/session.ts';

const nothing = { exitCode: undefined, logTail: '', dump: undefined };
const signals = { SIGHUP: 1, SIGKILL: 9, SIGSEGV: 11 };

describe('the story of a crash', () => {
  it('names the signal behind an exit code, as a shell counts', () => {
    assert.deepEqual(crashOf({ ...nothing, exitCode: 139 }, signals), { exitCode: 139, signal: 'SIGSEGV', lastLines: [] });
    assert.deepEqual(crashOf({ ...nothing, exitCode: 3 }, signals), { exitCode: 3, lastLines: [] });
    assert.deepEqual(crashOf(nothing, signals), { lastLines: [] });
    assert.equal(constants.signals.SIGSEGV, 11);
  });

  it('says in one line what is known, and no more', () => {
    const tell = (exitCode: number | undefined, dump?: Crash['dump']) => tellCrash(crashOf({ ...nothing, exitCode, dump }, signals));
    assert.equal(tell(137), 'the process of the game server was ended by SIGKILL');
    assert.equal(tell(0), 'the process of the game server exited with code 0');
    assert.equal(tell(undefined), 'the process of the game server is gone');
    assert.match(tell(139, { name: 'crash-7.txt', bytes: 5 }), /SIGSEGV; it left the dump crash-7\.txt$/);
  });

  it('keeps what is told within the contract, and secrets out of it', () => {
    const logTail = `${'x'.repeat(9_000)}\n${'long '.repeat(200)}\nLogin: ?ticket=eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl\n\nlast\n`;
    const crash = Crash.parse(crashOf({ ...nothing, logTail }, signals));
    assert.equal(crash.lastLines.at(-1), 'last');
    assert.ok(!crash.lastLines.join('').includes('eyJ'));
    const many = crashOf({ ...nothing, logTail: Array.from({ length: 500 }, (_, at) => `line ${at}`).join('\n') }, signals);
    assert.equal(Crash.parse(many).lastLines.length, 20);
  });
});

describe('a session whose game server dies', () => {
  const crash = crashOf({ ...nothing, exitCode: 139 }, signals);
  const claim = { players: [{ id: 'ann', role: 'player', packetKey: 'k' }] } as unknown as Parameters<typeof claimed>[1];
  const session = {
    ...claimed(greeted(newSession('gs-1'), { build: 'b', plugin: 'p', refusals: false, at: 1 }), claim, 1),
    phase: 'joinable' as const,
  };
  const present = { ...session, seats: session.seats.map((seat) => ({ ...seat, state: 'present' as const })) };

  it('is over, has failed, and nobody is in it', () => {
    const after = died(present, 'it died', crash, 2);
    assert.deepEqual([after.phase, after.tell, after.reason, after.seats[0]?.state], ['ended', 'fail', 'it died', 'away']);
    assert.deepEqual(after.crash, crash);
  });

  it('learns how, where Agones was the first to notice, and only once', () => {
    const after = died(ended(present, 'the game server is Unhealthy', 'fail', 2), 'it died', crash, 3);
    assert.deepEqual([after.reason, after.crash], ['the game server is Unhealthy: it died', crash]);
    assert.equal(died(after, 'again', crash, 4), after);
  });

  it('is none of its business where it had ended, or not begun', () => {
    const over = ended(present, 'played', 'end', 2);
    assert.equal(died(over, 'it died', crash, 3), over);
    const idle = newSession('gs-1');
    assert.equal(died(idle, 'it died', crash, 3), idle);
  });
});

describe('the sight of a process', () => {
  it('does not take the bridge, or a thread of it, for the game server', async function () {
    assert.equal(await seeProcess(process.pid), undefined);
    if (process.platform !== 'linux') return this.skip();
    const threads = (await readdir('/proc/self/task')).map(Number).filter((id) => id !== process.pid);
    assert.ok(threads.length > 0);
    for (const thread of threads) assert.equal(await seeProcess(thread), undefined);
  });

  it('sees another process, and tells it from a later one with its pid', async () => {
    const seen = await seeProcess(process.ppid);
    assert.ok(seen !== undefined && (await isThere(seen)));
    if (process.platform === 'linux') assert.equal(await isThere({ ...seen, startedAt: `${seen.startedAt}0` }), false);
    assert.equal(await seeProcess(2 ** 22 + 7), undefined);
    assert.equal(await isThere({ pid: 2 ** 22 + 7, startedAt: '' }), false);
  });
});

describe('what a dead game server leaves', () => {
  let folder: string;
  const folders = () => ({
    logFile: join(folder, 'server.log'),
    dumpFolder: join(folder, 'crashes'),
    keptIn: join(folder, 'spool', 'crashes'),
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crash-'));
    await mkdir(folders().dumpFolder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is the newest dump of this process, with all that is in it, and the code that was written down', async () => {
    const { dumpFolder, logFile } = folders();
    await mkdir(join(dumpFolder, 'UECC-old'));
    await utimes(join(dumpFolder, 'UECC-old'), 1, 1);
    await mkdir(join(dumpFolder, 'UECC-new'));
    await writeFile(join(dumpFolder, 'UECC-new', 'UEMinidump.dmp'), 'dump');
    await writeFile(join(dumpFolder, 'exit-code'), '139\n');
    await writeFile(logFile, 'first\nlast\n');
    const found = await findEvidence(folders(), 10_000);
    assert.deepEqual(found, { exitCode: 139, logTail: 'first\nlast\n', dump: { name: 'UECC-new', bytes: 4 } });
    const kept = await keepEvidence(folders(), found, crashOf(found, signals), 1_000);
    assert.equal(await readFile(join(kept, 'dump', 'UECC-new', 'UEMinidump.dmp'), 'utf8'), 'dump');
    assert.equal(await readFile(join(kept, 'log-tail.txt'), 'utf8'), 'first\nlast\n');
  });

  it('is nothing of a process before it', async () => {
    await writeFile(join(folders().dumpFolder, 'exit-code'), '139\n');
    await writeFile(join(folders().dumpFolder, 'crash-1.txt'), 'signal 11');
    const found = await findEvidence(folders(), Date.now() + 60_000);
    assert.deepEqual(found, { exitCode: undefined, logTail: '', dump: undefined });
    assert.deepEqual(await findEvidence({ ...folders(), logFile: undefined, dumpFolder: undefined }, 0), found);
  });

  it('does not lead anybody to the bridge’s own files', async () => {
    const secret = join(folder, 'token');
    await writeFile(secret, 'the-token');
    await symlink(secret, folders().logFile);
    await symlink(secret, join(folders().dumpFolder, 'exit-code'));
    await mkdir(join(folders().dumpFolder, 'UECC-1'));
    await symlink(secret, join(folders().dumpFolder, 'UECC-1', 'link'));
    const found = await findEvidence(folders(), 0);
    assert.deepEqual([found.logTail, found.exitCode, found.dump?.name], ['', undefined, 'UECC-1']);
    const kept = await keepEvidence(folders(), found, crashOf(found, signals), 1_000);
    assert.deepEqual(await readdir(join(kept, 'dump', 'UECC-1')), []);
  });

  it('is kept of the newest deaths only', async () => {
    const found = await findEvidence(folders(), 0);
    for (let at = 1; at <= 8; at += 1) await keepEvidence(folders(), found, crashOf(found, signals), at * 1_000);
    assert.deepEqual((await readdir(folders().keptIn)).length, 5);
  });
});
