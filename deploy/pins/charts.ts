/** The charts that `terraform/cluster` installs, and where their projects publish them. */

export interface Chart {
  readonly name: string;
  readonly repository: string;
  /** Nothing older will do. */
  readonly atLeast: string;
}

export const CHARTS: readonly Chart[] = [
  // 1.62: counters and lists are always on, and a crashed game beside a second container is seen.
  { name: 'agones', repository: 'https://agones.dev/chart/stable', atLeast: '1.62.0' },
  { name: 'cert-manager', repository: 'https://charts.jetstack.io', atLeast: '1.15.0' },
  { name: 'external-secrets', repository: 'https://charts.external-secrets.io', atLeast: '0.10.0' },
];
