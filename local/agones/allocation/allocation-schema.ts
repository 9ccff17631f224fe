/** The types of an allocation's fields. The API is aggregated, so no API server checks them for us. */
import { arrayOf, flag, integer, mapOf, object, text, texts, type Schema } from '../crds/schema.ts';

const selector: Schema = object({
  matchLabels: texts,
  matchExpressions: arrayOf(object({ key: text(), operator: text(), values: arrayOf(text()) })),
  gameServerState: text(),
  counters: mapOf(object({ minCount: integer(), maxCount: integer(), minAvailable: integer(), maxAvailable: integer() })),
  lists: mapOf(object({ containsValue: text(), minAvailable: integer(), maxAvailable: integer() })),
});

export const ALLOCATION_SPEC: Schema = object({
  multiClusterSetting: object({ enabled: flag, policySelector: object({ matchLabels: texts }) }),
  required: selector,
  preferred: arrayOf(selector),
  selectors: arrayOf(selector),
  priorities: arrayOf(object({ type: text(), key: text(), order: text() })),
  scheduling: text(),
  metadata: object({ labels: texts, annotations: texts }),
  counters: mapOf(object({ action: text(), amount: integer(), capacity: integer() })),
  lists: mapOf(object({ addValues: arrayOf(text()), deleteValues: arrayOf(text()), capacity: integer() })),
});
