/** A process that drains, and is killed or paused where it hurts most. Prints `holds`, `pauses` and `awake` as it goes. */
import { createDrainer } from '../../allocator/delivery/drain-outbox.ts';
import { openAllocations } from '../../allocator/store/allocations.ts';
import { openEventLog, type EventLog } from '../../allocator/store/events.ts';
import { openLeases, whileLeased } from '../../runtime/documents/leases.ts';
import { connectMongo } from '../../runtime/documents/mongo.ts';
import { SILENT_LOG } from '../../runtime/log.ts';

const [url = '', name = '', does = ''] = process.argv.slice(2);
const mongo = await connectMongo(url, name);
const allocations = await openAllocations(mongo.db);
const log = await openEventLog(mongo.db);
const die = () => process.kill(process.pid, 'SIGKILL');
const untilKilled = new Promise<never>(() => {});

let paused = false;
const append: EventLog['append'] = async (events) => {
  if (does === 'pauses-before-copy' && !paused && events.length > 0) {
    paused = true;
    process.stdout.write('pauses\n', () => process.kill(process.pid, 'SIGSTOP'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    process.stdout.write('awake\n');
  }
  if (does === 'dies-amid-copy') {
    await log.append(events.slice(0, Math.ceil(events.length / 2)));
    die();
    return untilKilled;
  }
  const count = await log.append(events);
  if (does !== 'dies-after-copy' || events.length === 0) return count;
  die();
  return untilKilled;
};

const forever = new AbortController().signal;
const metrics = { appended: () => {}, pruned: () => {}, oldestUntold: () => {} };
const parts = { allocations, events: { ...log, append }, metrics, log: SILENT_LOG, now: Date.now, appended: () => {} };
// Whoever dies does not wait for the lease of the one who died before: the lease only spares work, it makes nothing safe.
if (does.startsWith('dies')) await createDrainer(parts).run(forever);
await whileLeased(openLeases(mongo.db, `drainer-${process.pid}`, Date.now), 'events', SILENT_LOG, forever, async ({ signal }) => {
  process.stdout.write('holds\n');
  await createDrainer(parts).run(signal);
});
