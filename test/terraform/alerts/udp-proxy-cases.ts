import { isSilent, speaks, type AlertCase } from './alert-case.ts';

const IN = 'cluster="lifeverse-prod-europe-west1"';
const CLUSTER = { cluster: 'lifeverse-prod-europe-west1' };
const PROXY = `${IN},namespace="lifeverse",job="udp-proxies",container="proxy"`;
const fleet = `agones_fleets_replicas_count{${IN},name="arena",type="total"}`;
const available = `kube_deployment_status_replicas_available{${IN},exported_namespace="lifeverse",deployment="udp-proxies"}`;
const sessions = `quilkin_session_active{${PROXY},pod="p",country_code=""}`;
const packets = `quilkin_packets_total{${PROXY},pod="p",event="read"}`;
const dropped = (source: string) => `quilkin_packets_dropped_total{${PROXY},pod="p",event="read",source="${source}"}`;
const agentFails = `quilkin_provider_task_failures_total{${IN},job="udp-proxies",container="agent",pod="p",task="k8s"}`;

export const UDP_PROXY_CASES: readonly AlertCase[] = [
  speaks('udp-proxies-gone', 'none is ready', { [fleet]: '9x40', [available]: '2x10 0x40' }, { labels: [CLUSTER] }),
  speaks('udp-proxies-gone', 'there is none', { [fleet]: '9x40' }, { labels: [CLUSTER] }),
  isSilent('udp-proxies-gone', 'one of two is ready', { [fleet]: '9x40', [available]: '2x10 1x40' }),

  speaks('udp-sessions-drop', 'most players go silent at once', { [sessions]: '400x28 90x20' }, { after: '31m', labels: [CLUSTER] }),
  isSilent('udp-sessions-drop', 'a match of twenty ends', { [sessions]: '25x28 0x20' }, '31m'),
  isSilent('udp-sessions-drop', 'players leave through the evening', { [sessions]: '4000-100x40' }),

  speaks('udp-packets-dropped', 'proxies cannot write', { [packets]: '0+6000x40', [dropped('io')]: '0+600x40' }, { labels: [CLUSTER] }),
  isSilent('udp-packets-dropped', 'strangers knock', {
    [packets]: '0+6000x40',
    [dropped('filter::token_router::no endpoint match')]: '0+5000x40',
    [dropped('no upstream endpoints')]: '0+5000x40',
    [dropped('io')]: '0+6x40',
  }),

  speaks(
    'udp-flood',
    'tens of thousands a second have no token',
    { [dropped('filter::token_router::no endpoint match')]: '0+900000x40' },
    { labels: [CLUSTER] },
  ),
  isSilent('udp-flood', 'some have none', { [dropped('filter::token_router::no endpoint match')]: '0+600x40' }),

  speaks(
    'udp-agents-fail',
    'an agent does not follow the game servers',
    { [agentFails]: '0+1x40' },
    { labels: [{ ...CLUSTER, container: 'agent', task: 'k8s' }] },
  ),
  isSilent('udp-agents-fail', 'it began anew once', { [agentFails]: '0x10 1x40' }),
];
