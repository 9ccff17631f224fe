/**
 * GKE's ServiceExport, whose definition no package registry has: written from Google's public reference and from the shape that it has in the
 * multi-cluster services API, which it came from. It says all by its name: there is nothing to set.
 */
import { arrayOf, definitionOf, object, oneOf, text, time, type CustomResource } from '../../local/agones/crds/schema.ts';

const condition = object(
  { type: text(), status: oneOf(['True', 'False', 'Unknown']), lastTransitionTime: time, reason: text(), message: text() },
  ['type', 'status'],
);

const SERVICE_EXPORT: CustomResource = {
  group: 'net.gke.io',
  kind: 'ServiceExport',
  singular: 'serviceexport',
  plural: 'serviceexports',
  shortNames: [],
  schema: object({ apiVersion: text(), kind: text(), metadata: { type: 'object' }, status: object({ conditions: arrayOf(condition) }) }),
  subresources: { status: {} },
};

export const serviceExportDefinition = definitionOf(SERVICE_EXPORT);
