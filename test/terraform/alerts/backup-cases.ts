import { isSilent, speaks, type AlertCase } from './alert-case.ts';

/** The rule file has it for the names of plans, which are those of clusters; here it is a name like another. */
const NAME = 'BACKUP_PLANS';
const node = `kubernetes_io:node_cpu_total_cores{cluster_name="${NAME}",node_name="n"}`;
const ended = (state: string) => `gkebackup_googleapis_com:backup_completion_times_count{backup_plan_id="${NAME}",state="${state}"}`;
const MISSING = { labels: [{ cluster_name: NAME, backup_plan_id: NAME }] };

/** By ten minutes, over two days. */
export const BACKUP_CASES: readonly AlertCase[] = [
  speaks(
    'cluster-backup-missing',
    'the last one that succeeded is two nights old',
    { [node]: '4x300', [ended('SUCCEEDED')]: '0x13 1x300' },
    { ...MISSING, after: '35h' },
  ),
  speaks('cluster-backup-missing', 'runs only fail', { [node]: '4x300', [ended('FAILED')]: '0+1x300' }, { ...MISSING, after: '40h' }),
  isSilent('cluster-backup-missing', 'one succeeded last night', { [node]: '4x300', [ended('SUCCEEDED')]: '0x157 1x140' }, '40h'),
  isSilent('cluster-backup-missing', 'the cluster is younger than that', { [node]: '_x150 4x150' }, '40h'),
].map((each) => ({ ...each, every: '10m' }));
