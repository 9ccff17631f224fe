/** What an alert sees, and whether it speaks. */
export interface AlertCase {
  readonly alert: string;
  /** Goes on “it speaks” or “it is silent”. */
  readonly when: string;
  /** Series → its values as promtool writes them, by the minute where nothing else is said. */
  readonly series: Readonly<Record<string, string>>;
  readonly every?: string;
  /** When it is asked. */
  readonly after: string;
  /** Labels of each alert that fires beside its severity; none: it is silent. */
  readonly speaks: readonly Readonly<Record<string, string>>[];
}

export const speaks = (
  alert: string,
  when: string,
  series: AlertCase['series'],
  { after = '30m', labels = [{}] }: { after?: string; labels?: AlertCase['speaks'] } = {},
): AlertCase => ({ alert, when, series, after, speaks: labels });

export const isSilent = (alert: string, when: string, series: AlertCase['series'], after = '30m'): AlertCase => ({
  alert,
  when,
  series,
  after,
  speaks: [],
});
