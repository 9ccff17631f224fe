/** A request's body, read as JSON together with what is wrong with it. */
import express, { type NextFunction, type Request, type Response } from 'express';
import { AppError, type InputFault } from '../contracts/app-error.ts';
import { jsonFaults } from './json-faults.ts';

export interface JsonBody {
  readonly json: unknown;
  readonly faults: readonly InputFault[];
}

/** Makes `request.body` a `JsonBody`. @param limit in bytes, inflated. */
export function jsonBody(limit: number) {
  return [requireJson, express.raw({ limit, type: () => true }), readJson];
}

function requireJson(request: Request, _response: Response, next: NextFunction): void {
  if (request.is('application/json') !== 'application/json')
    return next(new AppError('unsupported-media-type', 'body_not_json', 'send a JSON body with content-type: application/json'));
  const [, charset] = /;\s*charset="?([^\s;"]+)/i.exec(request.get('content-type') ?? '') ?? [];
  // JSON between systems is UTF-8 (RFC 8259).
  if (charset === undefined || /^utf-?8$/i.test(charset)) return next();
  next(new AppError('unsupported-media-type', 'body_encoding', `the character set ${charset} is not UTF-8`));
}

function readJson(request: Request, _response: Response, next: NextFunction): void {
  const bytes: unknown = request.body;
  let said: string;
  let json: unknown;
  try {
    said = new TextDecoder('utf-8', { fatal: true }).decode(bytes instanceof Uint8Array ? bytes : new Uint8Array());
    json = JSON.parse(said);
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message : 'it is not UTF-8';
    return next(new AppError('invalid', 'entity_parse_failed', `the body is not JSON: ${why}`, { cause }));
  }
  request.body = { json, faults: jsonFaults(json, said, '#/body') } satisfies JsonBody;
  next();
}
