/** Whom the outgoing TLS connections of a client trust. */
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

/**
 * Options of a TLS connection. Made once for all connections of a client: the public authorities alone take some 7 ms and 1 MB to be read, and
 * Node would read them anew for every connection, which keeps a process from all else while a few hundred are opened at once.
 * @param caFile PEM certificates trusted beside the public ones; the public ones alone where there is none.
 */
export function trusting(caFile: string | undefined): { readonly secureContext?: SecureContext } {
  if (caFile === undefined) return {};
  return { secureContext: createSecureContext({ ca: [...rootCertificates, readFileSync(caFile, 'utf8')] }) };
}
