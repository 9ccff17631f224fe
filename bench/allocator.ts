/**
 * The allocator beside a bare GameServerAllocation, on one local cluster: from the request to a bound game server, on servers without
 * pods. `node bench/allocator.ts` measures with Agones' default batch wait and with the one that our fleets set; one of them with
 * `node bench/allocator.ts 10`.
 *
 * Agones is played by the stand-in: its own figures stand beside those of a real one (recorded), and a ratio is void where the
 * bare stand-in is slower than that.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closedLoop, openLoop, type Measured, type Operation } from './measure.ts';
import { openAllocatorStage, type AllocatorStage } from './allocator-stage.ts';
import { printTable } from './print-table.ts';

/** What a real Agones 1.61 gave on two cores, by batch wait and clients: per second, p50 and p99 in milliseconds. */
const RECORDED: Readonly<Record<string, Readonly<Record<number, readonly [rate: number, p50: number, p99: number | undefined]>>>> = {
  '500': { 1: [2, 505, undefined], 16: [30, 527, undefined], 64: [75, 850, 1_650] },
  '10': { 1: [26, 35, 69], 16: [86, 175, 466], 64: [100, 626, 1_161] },
};

/** How many allocations at so many clients, by batch wait. */
const COUNTS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  '500': { 1: 16, 16: 160, 64: 320 },
  '10': { 1: 80, 16: 320, 64: 480 },
};
const OPEN_COUNTS: Readonly<Record<string, number>> = { '500': 160, '10': 320 };

const [batchWait] = process.argv.slice(2);
if (batchWait === undefined) {
  for (const wait of Object.keys(COUNTS)) {
    const child = spawn(process.execPath, [import.meta.filename, wait], { stdio: 'inherit' });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) process.exitCode = 1;
  }
} else {
  await measure(batchWait);
}

async function measure(wait: string): Promise<void> {
  const counts = COUNTS[wait];
  if (counts === undefined) throw new Error(`the batch wait is one of ${Object.keys(COUNTS).join(', ')} ms, not ${wait}`);
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const stage = await openAllocatorStage(Number(wait));
  const rows: string[][] = [];
  let ceiling = 0;
  try {
    for (const [clients, count] of Object.entries(counts)) {
      const { bare, ours } = await both(stage, count, (operation) => closedLoop(Number(clients), count, operation), say);
      ceiling = Math.max(ceiling, bare.rate);
      rows.push(...rowsOf(bare, ours, RECORDED[wait]?.[Number(clients)]));
    }
    const count = OPEN_COUNTS[wait] ?? 0;
    const { bare, ours } = await both(stage, count, (operation) => openLoop(ceiling / 2, count, operation), say);
    rows.push(...rowsOf(bare, ours, undefined));
    const { doubled, orphans } = await stage.check();
    printTable(
      `POST to a bound server, batch wait ${wait} ms (stand-in for Agones); doubled ${doubled}, orphans ${orphans}`,
      ['load', 'path', 'per second', 'p50 ms', 'p95 ms', 'p99 ms', 'errors', 'against bare', 'a real Agones, bare'],
      rows,
    );
  } finally {
    await stage.close();
  }
}

async function both(
  stage: AllocatorStage,
  count: number,
  run: (operation: Operation) => Promise<Measured>,
  say: (line: string) => void,
): Promise<{ bare: Measured; ours: Measured }> {
  say(`a fleet of ${2 * count} servers …`);
  const fleet = await stage.makeFleet(2 * count);
  const bare = await run(stage.bare(fleet));
  say(`bare: ${bare.how} ${bare.rate.toFixed(1)}/s`);
  await stage.settled(fleet, count);
  const ours = await run(stage.ours(fleet));
  say(`allocator: ${ours.how} ${ours.rate.toFixed(1)}/s ${ours.error ?? ''}`);
  await stage.dropFleet(fleet);
  return { bare, ours };
}

function rowsOf(bare: Measured, ours: Measured, recorded: readonly [number, number, number | undefined] | undefined): string[][] {
  const isVoid = recorded !== undefined && bare.rate < recorded[0] * 0.9;
  const against = `${(ours.rate / bare.rate).toFixed(2)} ×, p50 ${signed(ours.p50 - bare.p50)}, p99 ${signed(ours.p99 - bare.p99)}${isVoid ? ' (void)' : ''}`;
  const real = recorded === undefined ? '' : `${recorded[0]}/s, ${recorded[1]}${recorded[2] === undefined ? '' : ` / ${recorded[2]}`} ms`;
  return [
    [bare.how, 'bare', ...figures(bare), '', real],
    [ours.how, 'allocator', ...figures(ours), against, ''],
  ];
}

function figures({ rate, p50, p95, p99, errors }: Measured): string[] {
  return [rate.toFixed(1), p50.toFixed(0), p95.toFixed(0), p99.toFixed(0), String(errors)];
}

function signed(ms: number): string {
  return `${ms >= 0 ? '+' : '−'}${Math.abs(ms).toFixed(0)} ms`;
}
