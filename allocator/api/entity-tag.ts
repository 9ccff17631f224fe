/** Entity tags of allocations (RFC 9110, sections 8.8.3 and 13.1.2). Pure. */
import type { AllocationDocument } from '../allocation.ts';

/** Weak: what it stands for is the same, but each answer has join tickets of its own. */
export function tagOf({ _id, version }: Pick<AllocationDocument, '_id' | 'version'>): string {
  return `W/"${_id}.${version}"`;
}

/** Of an If-None-Match header: whether its sender has the allocation as it is. */
export function isKnownTo(ifNoneMatch: string, allocation: Pick<AllocationDocument, '_id' | 'version'>): boolean {
  const known = ifNoneMatch.split(',').map((tag) => opaque(tag.trim()));
  return known.includes('*') || known.includes(opaque(tagOf(allocation)));
}

/** Weak and strong are compared alike. */
function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice('W/'.length) : tag;
}
