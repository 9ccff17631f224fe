import assert from 'node:assert/strict';
import { assertAll, isGameServers, planned, pools, regionsOfClusters, valueAt } from '../planned.ts';
import type { Promises } from './promise.ts';

export const NETWORK: Promises = {
  'opens nothing inwards but UDP to game servers': (plan) => {
    const rules = planned(plan, 'google_compute_firewall');
    assertAll(rules, { direction: 'INGRESS' });
    const allowing = rules.filter((rule) => JSON.stringify(valueAt(rule, 'allow') ?? []) !== '[]');
    assert.equal(allowing.length, 1);
    assertAll(allowing, { allow: [{ protocol: 'udp', ports: ['7000-8000'] }], target_tags: ['lifeverse-game-server'] });
    const [last] = rules.filter((rule) => !allowing.includes(rule));
    assert.ok(last);
    assertAll([last], { 'deny.0.protocol': 'all', source_ranges: ['0.0.0.0/0'], priority: 65_534 });
  },
  'gives public addresses and the open ports to nodes of game servers alone': (plan) => {
    assertAll(pools(plan, isGameServers), {
      'network_config.0.enable_private_nodes': false,
      'node_config.0.tags': ['lifeverse-game-server'],
    });
    assertAll(
      pools(plan, (name) => !isGameServers(name)),
      { 'network_config.0.enable_private_nodes': true, 'node_config.0.tags': [] },
    );
  },
  'makes one cluster and one subnetwork for nodes per region, whose ranges do not overlap': (plan) => {
    const subnetworks = planned(plan, 'google_compute_subnetwork');
    const nodes = subnetworks.filter((each) => each.name === 'region');
    assert.deepEqual(nodes.map((each) => String(valueAt(each, 'region'))).toSorted(), regionsOfClusters(plan));
    const ranges = subnetworks.flatMap((each) => [
      String(valueAt(each, 'ip_cidr_range')),
      ...[0, 1].flatMap((at) => valueAt(each, `secondary_ip_range.${at}.ip_cidr_range`) ?? []).map(String),
    ]);
    assert.equal(ranges.length, 4 * nodes.length);
    for (const [index, one] of ranges.entries())
      for (const other of ranges.slice(index + 1)) assert.ok(!overlap(one, other), `${one} and ${other}`);
  },
};

function overlap(one: string, other: string): boolean {
  const [a, b] = [bounds(one), bounds(other)];
  return a.first <= b.last && b.first <= a.last;
}

function bounds(range: string): { first: number; last: number } {
  const [address = '', bits = ''] = range.split('/');
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { first, last: first + 2 ** (32 - Number(bits)) - 1 };
}
