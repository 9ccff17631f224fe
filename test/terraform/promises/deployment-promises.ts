import assert from 'node:assert/strict';
import { outputOf, planned, valueAt } from '../planned.ts';
import type { Promises } from './promise.ts';

export const DEPLOYMENT: Promises = {
  'gives what the deployment reads': (plan) => {
    const environment = String(outputOf(plan, 'environment'));
    assert.equal(outputOf(plan, 'project_id'), 'lifeverse-test');
    assert.equal(outputOf(plan, 'registry'), 'europe-west1-docker.pkg.dev/lifeverse-test/lifeverse');
    assert.equal(outputOf(plan, 'domain'), 'play.example.com');
    const [ports] = planned(plan, 'google_compute_firewall').flatMap((rule) => valueAt(rule, 'allow.0.ports.0') ?? []);
    const { min, max } = Object(outputOf(plan, 'game_ports'));
    assert.equal(`${min}-${max}`, ports, 'Agones is to give out the ports that the firewall opens');
    assert.match(String(outputOf(plan, 'cost_note')), /about \d{3,5} US dollars/);
    for (const [region, given] of Object.entries(Object(outputOf(plan, 'regions')))) {
      const { cluster_name: name, issuer, ca, services } = Object(given);
      assert.equal(name, `lifeverse-${environment}-${region}`);
      assert.equal(issuer, `https://container.googleapis.com/v1/projects/lifeverse-test/locations/${region}/clusters/${name}`);
      assert.equal(ca, '');
      assert.equal(typeof services, 'boolean');
    }
    for (const name of ['edge_ip', 'dns_name_servers', 'api_hosts', 'secret_names']) assert.ok(name in plan.output_changes, name);
  },
};
