/** What happens in saves, as metrics and log lines: one function per event. */
import { Counter, type Registry } from 'prom-client';
import type { Log } from '../runtime/log.ts';
import type { Subject } from './subject.ts';

export interface SavesEvents {
  /** A writer was fenced: `subject` is what it now is. */
  leaseTaken(subject: Subject): void;
  entriesStored(count: number): void;
  snapshotStored(bytes: number): void;
  /** A write of a fenced or foreign writer, or one that left a gap. */
  writeRefused(subjectId: string, code: string): void;
  /** Another batch stood where this one belongs; the writer began a new stretch. */
  stretchBegun(subjectId: string): void;
}

export function createSavesEvents(registry: Registry, log: Log): SavesEvents {
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name: `lifeverse_saves_${name}_total`, help, labelNames, registers: [registry] });
  const leases = counter('leases_taken', 'Leases that changed hands', ['kind']);
  const entries = counter('entries', 'Journal entries made durable');
  const snapshotBytes = counter('snapshot_bytes', 'Bytes of snapshots made durable');
  const refusals = counter('refusals', 'Writes refused, by reason', ['code']);
  const stretches = counter('stretches', 'Stretches begun because of a batch left behind');
  return {
    leaseTaken: (subject) => {
      leases.inc({ kind: subject._id.startsWith('worlds/') ? 'worlds' : 'players' });
      log.info('lease taken', { subject: subject._id, epoch: subject.epoch, uid: subject.holder.uid, attempt: subject.holder.attempt });
    },
    entriesStored: (count) => entries.inc(count),
    snapshotStored: (bytes) => snapshotBytes.inc(bytes),
    writeRefused: (subjectId, code) => {
      refusals.inc({ code });
      log.warn('write refused', { subject: subjectId, code });
    },
    stretchBegun: (subjectId) => {
      stretches.inc();
      log.info('stretch begun over a batch left behind', { subject: subjectId });
    },
  };
}
