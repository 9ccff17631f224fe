/** What Kubernetes accepts as labels and annotations. */
import { labelValueFaults, qualifiedNameFaults } from '../../../sdk-bridge/solo/sidecar/metadata-faults.ts';
import type { Texts } from '../resources/object-meta.ts';
import { invalid, type FieldFault } from './field-fault.ts';

export const labelFaults = (field: string, labels: Texts | null | undefined): FieldFault[] =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...qualifiedNameFaults(key).map((fault) => invalid(field, key, fault)),
    ...labelValueFaults(value).map((fault) => invalid(field, value, fault)),
  ]);

/** Keys of annotations are checked in lower case, as Kubernetes does. */
export const annotationFaults = (field: string, annotations: Texts | null | undefined): FieldFault[] =>
  Object.keys(annotations ?? {}).flatMap((key) => qualifiedNameFaults(key.toLowerCase()).map((fault) => invalid(field, key, fault)));
