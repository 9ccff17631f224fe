import { isSilent, speaks, type AlertCase } from './alert-case.ts';

const IN = 'cluster="lifeverse-prod-europe-west1"';
const CLUSTER = { cluster: 'lifeverse-prod-europe-west1' };
const answered = (status: string) =>
  `lifeverse_http_request_duration_seconds_count{${IN},service="saves",endpoint="appendEntries",status="${status}"}`;
const login = (outcome: string) => `lifeverse_logins_total{${IN},service="accounts",outcome="${outcome}"}`;
const started = (service: string) => `process_start_time_seconds{${IN},service="${service}"}`;
const agones = `agones_fleets_replicas_count{${IN},job="agones",name="arena",type="total"}`;
const restarts =
  'kubernetes_io:container_restart_count{cluster_name="c",namespace_name="agones-system",container_name="agones-controller"}';
const outside =
  'monitoring_googleapis_com:uptime_check_time_until_ssl_cert_expires{monitored_resource="uptime_url",host="saves.play.example.com",checker_location="eur"}';
const inside = `certmanager_certificate_expiration_timestamp_seconds{${IN},namespace="cert-manager",exported_namespace="lifeverse-services",name="saves-tls"}`;
const memory = 'memorystore_googleapis_com:instance_memory_maximum_utilization{instance_id="lifeverse-prod"}';
const refused = 'networksecurity_googleapis_com:https_request_count{policy_name="lifeverse-prod",blocked="true"}';
const all = { [started('accounts')]: '1x60', [started('allocator')]: '1x60', [started('matchmaker')]: '1x60', [agones]: '9x60' };
export const PLATFORM_CASES: readonly AlertCase[] = [
  speaks(
    'api-fails',
    'one answer in ten is a fault',
    { [answered('200')]: '0+90x40', [answered('500')]: '0+10x40' },
    { labels: [{ service: 'saves' }] },
  ),
  isSilent('api-fails', 'callers are wrong', { [answered('200')]: '0+50x40', [answered('409')]: '0+50x40', [answered('500')]: '0x40' }),

  speaks('logins-refused', 'passwords are tried', { [login('refused')]: '0+600x40', [login('signed-in')]: '0+10x40' }),
  isSilent('logins-refused', 'many log in and some mistype', { [login('refused')]: '0+100x40', [login('signed-in')]: '0+900x40' }),

  speaks('metrics-missing', 'saves is not heard of', all, { after: '45m', labels: [{ service: 'saves' }] }),
  speaks(
    'metrics-missing',
    'Agones is not heard of',
    { ...all, [started('saves')]: '1x60', [agones]: '9x5 stale' },
    { after: '45m', labels: [{ job: 'agones' }] },
  ),
  isSilent('metrics-missing', 'all are heard', { ...all, [started('saves')]: '1x60' }, '45m'),

  speaks(
    'containers-restart',
    'a container keeps ending',
    { [restarts]: '0+1x40' },
    { labels: [{ cluster_name: 'c', namespace_name: 'agones-system', container_name: 'agones-controller' }] },
  ),
  isSilent('containers-restart', 'it ended once', { [restarts]: '0x20 1x20' }),

  speaks(
    'certificate-outside',
    'it has ten days left',
    { [outside]: '10x90' },
    { after: '80m', labels: [{ host: 'saves.play.example.com' }] },
  ),
  isSilent('certificate-outside', 'it was renewed', { [outside]: '80x90' }, '80m'),

  speaks(
    'certificate-inside',
    'it has thirteen days left',
    { [inside]: `${String(13 * 86_400)}x90` },
    { after: '80m', labels: [{ ...CLUSTER, exported_namespace: 'lifeverse-services', name: 'saves-tls' }] },
  ),
  isSilent('certificate-inside', 'it was renewed', { [inside]: `${String(89 * 86_400)}x90` }, '80m'),

  speaks('redis-full', 'it is 90 % full', { [memory]: '0.9x40' }, { labels: [{ instance_id: 'lifeverse-prod' }] }),
  isSilent('redis-full', 'it is half full', { [memory]: '0.5x40' }),

  speaks('armor-attack', 'a hundred a second are refused', { [refused]: '0+6000x40' }),
  isSilent('armor-attack', 'ten a second are refused', { [refused]: '0+600x40' }),
];
