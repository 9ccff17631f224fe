import { isSilent, speaks, type AlertCase } from './alert-case.ts';

const IN = 'cluster="lifeverse-prod-europe-west1"';
const FLEET = `${IN},name="arena"`;
const entered = (state: string) => `lifeverse_allocations_total{${IN},service="allocator",state="${state}"}`;
const replicas = (type: string) => `agones_fleets_replicas_count{${FLEET},type="${type}"}`;
const waited = (le: string) => `lifeverse_allocation_wait_seconds_bucket{${IN},fleet="arena",until="ready",le="${le}"}`;
const breaker = `lifeverse_cluster_breaker{${IN},exported_cluster="us-east1"}`;
const unhealthy = `agones_gameservers_total{${IN},fleet_name="arena",type="Unhealthy"}`;
const spool = `lifeverse_spool_entries{${IN},pod="arena-1",game_server="arena-1"}`;
const lost = `lifeverse_entries_refused_total{${IN},pod="arena-1",game_server="arena-1"}`;
const unscaled = `lifeverse_fleet_scaling_failures_total{${IN},exported_cluster="us-east1"}`;
const queued = `lifeverse_allocations{${IN},pod="allocator-1",state="queued"}`;
const tickets = `lifeverse_matchmaker_tickets_total{${IN},mode="duel"}`;
const matches = `lifeverse_matchmaker_matches_total{${IN},mode="duel"}`;
const gauge = (name: string) => `${name}{${IN},service="allocator"}`;
const here = [{ cluster: 'lifeverse-prod-europe-west1' }];
const there = [{ exported_cluster: 'us-east1' }];

export const SESSION_CASES: readonly AlertCase[] = [
  speaks('release-brake', 'the brake is pulled', { [gauge('lifeverse_release_brake_held')]: '1x40' }),
  isSilent('release-brake', 'it is let go', { [gauge('lifeverse_release_brake_held')]: '1x10 0x30' }),

  speaks('cluster-breaker', 'a cluster does not answer, and says which', { [breaker]: '1x40' }, { labels: there }),
  isSilent('cluster-breaker', 'it was for three minutes', { [breaker]: '0x25 1x3 0x20' }),

  speaks('allocations-fail', 'one in ten fails', { [entered('ready')]: '0+90x40', [entered('failed')]: '0+10x40' }),
  speaks('allocations-fail', 'all of them expire', { [entered('expired')]: '0+5x40' }),
  isSilent('allocations-fail', 'one in a hundred fails', { [entered('ready')]: '0+99x40', [entered('failed')]: '0+1x40' }),
  isSilent('allocations-fail', 'one of three fails in a quiet night', {
    [entered('ready')]: '0x20 2x20',
    [entered('failed')]: '0x20 1x20',
  }),

  speaks('nobody-gets-in', 'fifty wait and none becomes ready', { [queued]: '50x40', [entered('ready')]: '7x40' }),
  isSilent('nobody-gets-in', 'fifty wait while others become ready', { [queued]: '50x40', [entered('ready')]: '0+3x40' }),

  speaks('allocations-wait', 'all wait for two minutes', { [waited('60')]: '0x40', [waited('120')]: '0+9x40', [waited('+Inf')]: '0+9x40' }),
  isSilent('allocations-wait', 'nearly all are in within a second', {
    [waited('1')]: '0+99x40',
    [waited('120')]: '0+100x40',
    [waited('+Inf')]: '0+100x40',
  }),

  speaks('turns-late', 'a turn is overdue and stays so', { [gauge('lifeverse_sweep_lag_seconds')]: '0+60x40' }),
  isSilent('turns-late', 'turns come within seconds', { [gauge('lifeverse_sweep_lag_seconds')]: '3x40' }),

  speaks('nobody-is-matched', 'players queue and no match is formed', { [tickets]: '0+10x40', [matches]: '4x40' }),
  isSilent('nobody-is-matched', 'matches are formed', { [tickets]: '0+10x40', [matches]: '0+4x40' }),

  speaks(
    'no-game-servers-ready',
    'a fleet wants ten and has none',
    { [replicas('ready')]: '0x40', [replicas('desired')]: '10x40', [replicas('allocated')]: '4x40' },
    { labels: [{ ...here[0], name: 'arena' }] },
  ),
  speaks(
    'no-game-servers-ready',
    'one fleet of two has none',
    {
      [replicas('ready')]: '0x40',
      [replicas('desired')]: '10x40',
      [replicas('allocated')]: '0x40',
      [replicas('ready').replace('arena', 'world')]: '5x40',
    },
    { labels: [{ ...here[0], name: 'arena' }] },
  ),
  isSilent('no-game-servers-ready', 'a fleet drains: it wants what it has allocated', {
    [replicas('ready')]: '0x40',
    [replicas('desired')]: '4x40',
    [replicas('allocated')]: '4x40',
  }),
  isSilent('no-game-servers-ready', 'a fleet has some', {
    [replicas('ready')]: '3x40',
    [replicas('desired')]: '10x40',
    [replicas('allocated')]: '7x40',
  }),

  speaks('game-servers-die', 'one crashes every minute', { [unhealthy]: '0+1x40' }, { labels: [{ ...here[0], fleet_name: 'arena' }] }),
  isSilent('game-servers-die', 'one has crashed', { [unhealthy]: '0x20 1x20' }),

  speaks('worlds-not-stored', 'entries pile up on a disk', { [spool]: '0+50x40' }, { labels: here }),
  isSilent('worlds-not-stored', 'they come and go', { [spool]: '150 0 200 3 120 0 150 0 200 3 120 0 150 0 200 3 120 0 9x20' }),

  speaks('entries-lost', 'saves will never take an entry', { [lost]: '0x25 1x20' }, { labels: here }),
  isSilent('entries-lost', 'that was an hour ago', { [lost]: '0x5 1x80' }, '70m'),

  speaks('fleet-scaling', 'autoscalers get no number', { [unscaled]: '0+1x60' }, { after: '40m', labels: there }),
  isSilent('fleet-scaling', 'one question had no answer', { [unscaled]: '0x10 1x60' }, '40m'),

  speaks('clusters-file', 'the file has faults', { [gauge('lifeverse_clusters_file_refused')]: '1x40' }),
  isSilent('clusters-file', 'it has none', { [gauge('lifeverse_clusters_file_refused')]: '0x40' }),

  speaks('events-late', 'an event waits', { [gauge('lifeverse_event_untold_seconds')]: '0+60x40' }),
  isSilent('events-late', 'events are told', { [gauge('lifeverse_event_untold_seconds')]: '2x40' }),

  speaks('webhooks-dead', 'events were given up', { [gauge('lifeverse_webhook_dead_letters')]: '3x40' }),
  isSilent('webhooks-dead', 'they were delivered after all', { [gauge('lifeverse_webhook_dead_letters')]: '3x5 0x40' }),
];
