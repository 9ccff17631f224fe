/**
 * The bridge as its image runs it: memory, processor time, start-up, its calls beside the same ones on Agones' sidecar, and world entries
 * with both acks. `node bench/sdk-bridge.ts`; with a real sidecar on this machine, `AGONES_SDK_SIDECAR=grpcPort,httpPort`.
 */
import { percentile } from '../local/demo/report.ts';
import { stopTestParts } from '../local/testing.ts';
import { startPod, type Pod } from '../test/sdk-bridge/stand-in/bridge-process.ts';
import { startSolo } from '../test/sdk-bridge/stand-in/solo-process.ts';
import { until } from '../test/sdk-bridge/stand-in/until.ts';
import { closedLoop, type Measured } from './measure.ts';
import { printTable } from './print-table.ts';
import { asInItsImage, caller, cpuOf, realSidecar, residentOf, startSidecarProcess, type Call } from './sdk-bridge-stage.ts';

/** An hour of a session: a beat every 2 s, a frame report every second. */
const HOUR = { beats: 1_800, frames: 3_600 } as const;
const SESSIONS = 200;
const STARTS = 7;
const CALLS = 2_000;
const WARM_UP = 300;
const ENTRIES = 10_000;
const BATCH = 50;

const json = (body: unknown) => JSON.stringify(body);
/** A call that the bridge answers itself, or passes on to the sidecar. */
const BOTH: readonly (Call & { readonly kind: 'own' | 'forwarded' })[] = [
  { kind: 'forwarded', method: 'GET', path: '/gameserver' },
  { kind: 'own', method: 'POST', path: '/health', body: '{}' },
  { kind: 'forwarded', method: 'PUT', path: '/metadata/label', body: json({ key: 'bench', value: '1' }) },
];
const OURS: readonly Call[] = [
  { method: 'POST', path: '/lifeverse/v1/frame', body: json({ frames: 30, longestMs: 40, meanMs: 33, p99Ms: 39, hitches: 0 }) },
  { method: 'GET', path: '/lifeverse/v1/session' },
  { method: 'GET', path: '/lifeverse/v1/roster' },
  { method: 'GET', path: '/lifeverse/v1/keys/ann' },
  { method: 'PUT', path: '/lifeverse/v1/roster', body: json({ present: ['ann'] }) },
];

const image = await asInItsImage();
try {
  await startUp();
  await memory();
  await sessions();
  await latency();
  await entries();
} finally {
  await stopTestParts();
}

async function startUp(): Promise<void> {
  const times: number[] = [];
  for (let nth = 0; nth < STARTS; nth += 1) {
    const pod = await startPod({ ...image });
    const began = performance.now();
    await pod.crash();
    times.push(performance.now() - began);
    await pod.close();
  }
  const sorted = times.toSorted((a, b) => a - b);
  printTable(
    `Start-up, ${STARTS} times, until it listens`,
    ['p50 ms', 'slowest ms'],
    [[percentile(sorted, 0.5).toFixed(0), (sorted.at(-1) ?? 0).toFixed(0)]],
  );
}

async function played(env: Record<string, string>): Promise<Pod> {
  const pod = await startPod({ ...image, world: 'w1', env: { ...image.env, LOG_LEVEL: 'info', ...env } });
  await pod.play();
  await pod.api.admit({ body: { ticket: await pod.backend.ticket('ann') } });
  await pod.api.present({ params: { player: 'ann' } });
  await pod.api.world({});
  return pod;
}

/** An hour's beats and reports, as fast as they can be made. */
async function memory(): Promise<void> {
  const pod = await played({ HEALTH_BEAT_MS: '1' });
  const rows = [['a session is played', residentOf(pod.pid()).toFixed(0), '']];
  const [beats, cpu] = [pod.sidecar.beats.length, cpuOf(pod.pid())];
  await until(() => pod.sidecar.beats.length - beats >= HOUR.beats, "an hour's beats", 120_000);
  const spent = (cpuOf(pod.pid()) - cpu) / ((pod.sidecar.beats.length - beats) / 1_000);
  rows.push([`${HOUR.beats} beats later`, residentOf(pod.pid()).toFixed(0), `${spent.toFixed(0)} ms per 1,000 beats`]);
  await pod.close();

  const reported = await played({});
  const before = cpuOf(reported.pid());
  const calls = caller(Number(new URL(reported.url()).port));
  for (let nth = 0; nth < HOUR.frames; nth += 1) await calls.send(OURS[0] as Call);
  calls.close();
  const each = (cpuOf(reported.pid()) - before) / (HOUR.frames / 1_000);
  rows.push([`or ${HOUR.frames} frame reports later`, residentOf(reported.pid()).toFixed(0), `${each.toFixed(0)} ms per 1,000 reports`]);
  await reported.close();
  printTable('Resident memory (target: 90 MB at most), processor time', ['when', 'MB', 'processor'], rows);
}

/** A bridge in a pod has one session and goes: 100 of them, and as many again, one after another in one process, are had with `--solo`. */
async function sessions(): Promise<void> {
  const solo = await startSolo([], image);
  const rows: string[][] = [];
  const player = { id: 'ann' };
  for (let nth = 1; nth <= SESSIONS; nth += 1) {
    await solo.bridge.hello({ body: { build: 'b1', plugin: 'bench' } });
    await solo.bridge.warm({});
    await until(async () => (await solo.script.soloState({})).body.agones.state === 'Ready', 'Ready', 30_000);
    const wanted = { session: { map: 'm', world: `w${nth % 4}` }, players: [player] };
    const [ann] = (await solo.script.soloAllocate({ body: wanted })).body.admissions;
    await solo.bridge.session({ query: { wait: 10, from: 'idle' } });
    await solo.bridge.accept({ body: { port: 7_777, build: 'b1' } });
    await solo.bridge.admit({ body: { ticket: ann?.joinTicket ?? '' } });
    await solo.bridge.present({ params: { player: 'ann' } });
    const { durableSeq } = (await solo.bridge.world({})).body;
    const batch = Array.from({ length: 10 }, (_, at) => ({ seq: durableSeq + at + 1, data: { nth, at } }));
    await solo.bridge.appendWorld({ body: { entries: batch } });
    await solo.bridge.leave({ params: { player: 'ann' }, body: { forGood: true } });
    await solo.bridge.end({ body: { reason: 'played' } });
    if ([1, 50, 100, SESSIONS].includes(nth)) rows.push([String(nth), residentOf(solo.pid()).toFixed(0)]);
  }
  await solo.close();
  printTable('Sessions one after another in one process (--solo: allocator, saves and Agones are in it, too)', ['sessions', 'MB'], rows);
}

async function timed(port: number, call: Call, answers: (status: number) => boolean = (status) => status === 200): Promise<Measured> {
  const calls = caller(port);
  const operation = async () => {
    const status = await calls.send(call);
    if (!answers(status)) throw new Error(`${call.path} answered ${status}`);
  };
  await closedLoop(1, WARM_UP, operation);
  const measured = await closedLoop(1, CALLS, operation);
  calls.close();
  if (measured.errors > 0) throw new Error(measured.error);
  return measured;
}

async function latency(): Promise<void> {
  const head = ['call', '', 'sidecar p50 ms', 'bridge p50 ms', 'against it', 'sidecar p99 ms', 'bridge p99 ms'];
  const stand = await startSidecarProcess('gs-1');
  printTable("Calls beside the same ones on the stand-in's sidecar (one connection, one at a time)", head, await rowsAgainst(stand));
  stand.stop();
  const real = realSidecar(process.env);
  if (real !== undefined) printTable('Calls beside the same ones on a real sidecar', head, await rowsAgainst(real));

  const pod = await played({});
  const port = Number(new URL(pod.url()).port);
  const rows: string[][] = [];
  for (const call of OURS) {
    const { p50, p99 } = await timed(port, call);
    rows.push([`${call.method} ${call.path}`, p50.toFixed(2), p99.toFixed(2)]);
  }
  await pod.close();
  printTable('Calls that only the bridge has, in a session', ['call', 'p50 ms', 'p99 ms'], rows);
}

async function rowsAgainst(sidecar: { readonly grpcPort: number; readonly httpPort: number }): Promise<string[][]> {
  const pod = await startPod({
    ...image,
    env: {
      ...image.env,
      LOG_LEVEL: 'info',
      AGONES_SDK_GRPC_PORT: String(sidecar.grpcPort),
      AGONES_SDK_HTTP_PORT: String(sidecar.httpPort),
    },
  });
  // A game server that has said hello: until then its pings are passed on.
  await pod.api.hello({ body: { build: 'b1', plugin: 'bench' } });
  const port = Number(new URL(pod.url()).port);
  const rows: string[][] = [];
  for (const call of BOTH) {
    const bare = await timed(sidecar.httpPort, call);
    const ours = await timed(port, call);
    const against =
      call.kind === 'own'
        ? `${(ours.p50 / bare.p50).toFixed(2)} ×`
        : `${ours.p50 >= bare.p50 ? '+' : '−'}${Math.abs(ours.p50 - bare.p50).toFixed(2)} ms`;
    rows.push([
      `${call.method} ${call.path}`,
      call.kind,
      bare.p50.toFixed(2),
      ours.p50.toFixed(2),
      against,
      bare.p99.toFixed(2),
      ours.p99.toFixed(2),
    ]);
  }
  await pod.close();
  return rows;
}

/** Saves is a stand-in in this process's memory: what is measured is the bridge's own part, its disk and HTTP. */
async function entries(): Promise<void> {
  const pod = await played({});
  const began = performance.now();
  for (let first = 1; first <= ENTRIES; first += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, at) => ({ seq: first + at, data: { kind: 'moved', x: first, y: at } }));
    await pod.api.appendWorld({ body: { entries: batch } });
  }
  const accepted = performance.now() - began;
  for (let durable = 0; durable < ENTRIES;) ({ durable } = (await pod.api.worldAcks({ query: { wait: 10, after: durable } })).body);
  const durable = performance.now() - began;
  const perSecond = (ms: number) => (ENTRIES / (ms / 1_000)).toFixed(0);
  printTable(
    `${ENTRIES} world entries in calls of ${BATCH}, one call at a time`,
    ['ack', 'entries per second'],
    [
      ['accepted', perSecond(accepted)],
      ['durable', perSecond(durable)],
    ],
  );
  await pod.close();
}
