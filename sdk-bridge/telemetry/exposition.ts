/**
 * Prometheus' text format (version 0.0.4), written by hand: prom-client takes 5 MB of the 90 that the bridge may have beside every game
 * server, and all that it would do here is this. Pure.
 */

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What is not known has no sample: absent, and not zero. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: readonly Sample[];
}

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** @param common labels of every sample. */
export function expose(families: readonly Family[], common: Readonly<Record<string, string>>): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(({ labels, value }) => `${name}${labelText({ ...common, ...labels })} ${valueText(value)}`);
      return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`;
    })
    .join('');
}

export function gauge(name: string, help: string, value: number | undefined): Family {
  return { name, help, type: 'gauge', samples: value === undefined ? [] : [{ value }] };
}

export function counter(name: string, help: string, value: number | undefined): Family {
  return { name, help, type: 'counter', samples: value === undefined ? [] : [{ value }] };
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const entries = Object.entries(labels);
  const escaped = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return entries.length === 0 ? '' : `{${entries.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
