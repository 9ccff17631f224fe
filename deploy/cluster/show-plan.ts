/** The plan, the findings and the end as a person reads them. Pure. */
import { stops, type Finding, type Verdict } from './checks/check.ts';
import { showCommand } from './command-line.ts';
import { deleteCompute } from './leftovers/clear-leftovers.ts';
import { KINDS } from './leftovers/compute-thing.ts';
import { listCompute } from './leftovers/look-for-leftovers.ts';
import type { Action, Step } from './steps/step.ts';
import type { WaitFor } from './steps/wait-for.ts';

const MARKS: Readonly<Record<Verdict['is'], string>> = {
  fine: 'ok     ',
  later: 'later  ',
  missing: 'MISSING',
  unknown: '?      ',
  unseen: '–      ',
};

export function showFindings(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ about }) => about.length));
  return findings.map(({ about, verdict }) => `  ${MARKS[verdict.is]}  ${about.padEnd(width)}  ${verdict.detail}`);
}

/** All that stops a deployment, with what to do about each. */
export function showMissing(findings: readonly Finding[]): string[] {
  const missing = findings.filter(stops);
  if (missing.length === 0) return ['Nothing is missing.'];
  const unseen = findings.filter(({ verdict }) => verdict.is === 'unseen').map(({ about }) => about);
  return [
    `What is missing (${missing.length}):`,
    ...missing.flatMap(({ about, verdict }, nth) => [
      `  ${String(nth + 1).padStart(2)}. ${about}: ${verdict.detail}`,
      ...(verdict.is === 'missing' ? [`      → ${verdict.mend}`] : []),
    ]),
    ...(unseen.length === 0 ? [] : [`  Looked at when these are there: ${unseen.join(', ')}.`]),
  ];
}

/** @param tree the root as an absolute path: it reads better as `$PWD`. */
export function showSteps(steps: readonly Step[], tree: string): string[] {
  const width = String(steps.length).length;
  const indent = ' '.repeat(width + 4);
  return steps.flatMap(({ what, why, action, done, undo }, nth) => [
    `  ${String(nth + 1).padStart(width)}. ${what}`,
    `${indent}why   ${why}`,
    ...showAction(action).map((line, at) => `${indent}${at === 0 ? 'runs ' : '     '} ${line.replaceAll(tree, '$PWD')}`),
    `${indent}done  when ${done.when.replace(/^when /, '')}`,
    `${indent}undo  ${undo}`,
  ]);
}

function showAction(action: Action): string[] {
  switch (action.kind) {
    case 'run':
    case 'read-authority':
    case 'images':
      return action.commands.map(showCommand);
    case 'each':
      return [
        showCommand(action.list),
        `${showCommand(action.command)} EACH${action.only === undefined ? '' : ` of ${action.only.join(', ')}`}`,
      ];
    case 'leftovers':
      return KINDS.flatMap(({ collection }) => [
        showCommand(listCompute(collection, action.own.project)),
        showCommand(deleteCompute(collection, 'EACH', action.own.project)),
      ]);
    case 'write':
      return Object.keys(action.files).map((file) => `(writes ${file})`);
    case 'read-outputs':
    case 'infrastructure':
      return ('commands' in action ? action.commands : [action.command]).map(showCommand);
    case 'secret':
      return [`head -c ${action.bytes} /dev/urandom | base64 | ${showCommand(action.command)}`];
    case 'check-quotas':
      return ['gcloud compute regions describe REGION, for each'];
    case 'wait':
      return [showWait(action.until)];
    case 'smoke':
      return ['kubectl create token, POST /v1/allocations, one UDP packet, DELETE /v1/allocations/ID'];
  }
}

function showWait(until: WaitFor): string {
  const minutes = `(for up to ${Math.round(until.withinMs / 60_000)} minutes)`;
  switch (until.judge) {
    case 'delegation':
      return `a look-up of the name servers of ${until.edge.domain}, again and again ${minutes}`;
    case 'hosts':
      return `a look-up of ${until.edge.hosts.join(', ')}, again and again ${minutes}`;
    case 'https':
      return `GET ${until.edge.hosts.map((host) => `https://${host}/`).join(' ')}, again and again ${minutes}`;
    default:
      return `${showCommand(until.command)}, again and again ${minutes}`;
  }
}
