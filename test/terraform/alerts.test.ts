import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { isDebianRoot } from '../../local/parts/debian-package.ts';
import { obtainParts } from '../../local/parts/obtain-parts.ts';
import { promtoolPart } from '../../local/parts/promtool-part.ts';
import { testStack } from '../../local/testing.ts';
import type { AlertCase } from './alerts/alert-case.ts';
import { BACKUP_CASES } from './alerts/backup-cases.ts';
import { knownMetrics } from './alerts/known-metrics.ts';
import { PLATFORM_CASES } from './alerts/platform-cases.ts';
import { readRules, type Rule } from './alerts/rule-files.ts';
import { SESSION_CASES } from './alerts/session-cases.ts';
import { UDP_PROXY_CASES } from './alerts/udp-proxy-cases.ts';

const CASES = [...SESSION_CASES, ...PLATFORM_CASES, ...BACKUP_CASES, ...UDP_PROXY_CASES];
interface RuleOfCase {
  readonly rule: Rule;
  readonly file: string;
}
const RUNBOOK = path.join(import.meta.dirname, '..', '..', 'docs', 'runbook.md');
/** A first run fetches promtool. */
const FIRST_TIME_MS = 900_000;

describe('terraform: the alerts', function () {
  this.timeout(FIRST_TIME_MS);
  const rules = readRules();

  describe('tried by Prometheus’ own promtool', () => {
    let said: string;
    before(async () => {
      const { folder, around } = await testStack();
      const [promtool = ''] = await obtainParts([promtoolPart(isDebianRoot())], around);
      const at = path.join(folder, 'alerts');
      await mkdir(at, { recursive: true });
      const files = await Promise.all(
        CASES.map(async (each, nth) => {
          const rule = rules.find(({ alert }) => alert === each.alert);
          assert.ok(rule, `there is no alert ${each.alert}`);
          // Alone: promtool would work out all the others of its file as well, minute by minute.
          const alone = path.join(at, `${rule.alert}.rules.yaml`);
          await writeFile(alone, stringify({ groups: [{ name: 'alone', rules: [rule.asWritten] }] }));
          const file = path.join(at, fileOf(nth));
          await writeFile(file, stringify(asPromtoolHasIt(each, { rule, file: alone })));
          return file;
        }),
      );
      said = await outputOf(promtool, ['test', 'rules', ...files]);
    });

    for (const [nth, { alert, when, speaks }] of CASES.entries()) {
      it(`${alert} ${speaks.length > 0 ? 'speaks' : 'is silent'} when ${when}`, () => {
        const own = said.split('Unit Testing: ').find((part) => part.split('\n')[0]?.trim().endsWith(fileOf(nth)));
        assert.match(own ?? said, /^\s*SUCCESS\s*$/m, own ?? said);
      });
    }
  });

  it('are all tried, when they have to speak and when not', () => {
    for (const { alert } of rules)
      for (const expected of [true, false])
        assert.ok(
          CASES.some((each) => each.alert === alert && each.speaks.length > 0 === expected),
          `${alert}: ${expected ? 'never speaks' : 'is never silent'}`,
        );
  });

  it('are tried on metrics that there are, with the labels that they have', () => {
    const known = knownMetrics();
    for (const series of CASES.flatMap((each) => Object.keys(each.series))) {
      const [, metric = '', list = ''] = /^([\w:]+)\{(.*)\}$/.exec(series) ?? [];
      const labels = known.get(metric);
      assert.ok(labels, `there is no metric ${metric}`);
      for (const [, label = ''] of list.matchAll(/(\w+)="/g)) assert.ok(labels.has(label), `${metric} has no label ${label}`);
    }
  });

  it('ask for no metric that there is not', () => {
    const known = knownMetrics();
    for (const { alert, expr } of rules) {
      const asked = [...expr.matchAll(/\b((?:lifeverse|agones|quilkin|certmanager|kube|process)_\w+|\w+_(?:io|com):\w+)/g)].map(
        ([name]) => name,
      );
      assert.ok(asked.length > 0, alert);
      for (const metric of asked) assert.ok(known.has(metric), `${alert} asks for ${metric}`);
    }
  });

  it('have each a section of its own in the runbook, which has no other', () => {
    const others = ['api-not-reached', 'cluster-backup-failed', 'key-destroyed'];
    const sections = [...readFileSync(RUNBOOK, 'utf8').matchAll(/^### (.+)\n+([\s\S]*?)(?=^##|$(?![\s\S]))/gm)];
    const names = rules.map(({ alert }) => alert);
    assert.deepEqual(sections.map(([, name = '']) => name).toSorted(), [...names, ...others].toSorted());
    for (const [, name, text = ''] of sections) assert.ok(text.trim().length > 100, `${name}: says too little`);
  });
});

function fileOf(nth: number): string {
  return `case-${String(nth)}.yaml`;
}

function asPromtoolHasIt({ alert, series, every = '1m', after, speaks }: AlertCase, { rule, file }: RuleOfCase): object {
  const expected = speaks.map((labels) => ({ exp_labels: { ...rule.labels, ...labels }, exp_annotations: rule.annotations }));
  return {
    rule_files: [file],
    evaluation_interval: every,
    tests: [
      {
        interval: every,
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [{ eval_time: after, alertname: alert, exp_alerts: expected }],
      },
    ],
  };
}

/** It ends with 1 where a case fails: that is for each test to judge. */
function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  return new Promise((resolve, reject) => child.once('error', reject).once('close', () => resolve(said)));
}
