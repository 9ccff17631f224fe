/** Why something failed, in words. What `fetch` throws says why in its cause only; who wraps a failure has often said it himself. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause instanceof Error ? cause.cause.message : '';
  return inner === '' || cause.message.includes(inner) ? cause.message : `${cause.message} (${inner})`;
}
