/** What follows from a session carries its trace: calls to the backend, and log lines. */
import { randomBytes } from 'node:crypto';
import type { Send } from '../../contracts/client.ts';
import type { Log } from '../../runtime/log.ts';
import { continueTrace, traceIdOf } from '../../runtime/trace-context.ts';

/** The W3C trace context of the session's request; `undefined` while there is none. */
export type SessionTrace = () => string | undefined;

/** Each call is a span of its own within the trace. */
export function tracedSend(send: Send, trace: SessionTrace): Send {
  return (request) => {
    const kept = trace();
    if (kept === undefined) return send(request);
    const { traceparent } = continueTrace(kept, (bytes) => randomBytes(bytes).toString('hex'));
    return send({ ...request, headers: { traceparent, ...request.headers } });
  };
}

export function tracedLog(log: Log, trace: SessionTrace): Log {
  const about = () => {
    const traceId = traceIdOf(trace());
    return traceId === undefined ? {} : { traceId };
  };
  return {
    debug: (message, fields) => log.debug(message, { ...about(), ...fields }),
    info: (message, fields) => log.info(message, { ...about(), ...fields }),
    warn: (message, fields) => log.warn(message, { ...about(), ...fields }),
    error: (message, fields) => log.error(message, { ...about(), ...fields }),
    with: (fields) => tracedLog(log.with(fields), trace),
  };
}
