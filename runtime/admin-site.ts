/**
 * Pages for operators beside a service's API, behind the same tokens.
 *
 *   Authorization: Bearer … ─┐
 *   cookie of this site ─────┴─▶ token check ─▶ role ─▶ page
 *
 * A browser gets its cookie by a token that is pasted into a form once: never by a URL, which is logged and shared. Scripts
 * cannot read the cookie, other sites cannot send it, and it ends with the token.
 */
import express, { type Express, type NextFunction, type Request, type Response, type Router } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AppError, problemOf, STATUS_OF_KIND } from '../contracts/app-error.ts';
import type { Role } from '../contracts/roles.ts';
import type { Log } from './log.ts';
import { normaliseError } from './normalise-error.ts';
import type { Principal, TokenCheck } from './token-check.ts';

export interface AdminSite {
  /** Where it is mounted; the cookie goes there only. */
  readonly at: string;
  readonly title: string;
  readonly role: Role;
  readonly tokenCheck: TokenCheck;
  readonly pages: readonly { readonly path: string; readonly label: string; readonly router: Router }[];
  readonly log: Log;
}

const COOKIE = '__Secure-lifeverse-admin';
/** What browsers keep of a cookie. */
const COOKIE_BYTES = 3_800;
const TRIES_PER_MINUTE = 30;

/** Scripts, pictures and data from ourselves only. Pages may carry styles of their own, as BullMQ's board does. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export function createAdminSite(site: AdminSite): Express {
  const app = express();
  app.disable('x-powered-by');
  const limiter = new RateLimiterMemory({ points: TRIES_PER_MINUTE, duration: 60 });
  app.use((_request, response, next) => {
    response.set({
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    next();
  });
  app.use(refuseOtherSites);
  app.get('/', (request, response, next) => {
    operatorOf(site, request)
      .then((operator) => response.type('html').send(startPage(site, operator)))
      .catch((cause: unknown) => {
        const error = normaliseError(cause);
        if (!isRefusal(error)) return next(error);
        const first = error.code === 'token_missing';
        response
          .status(first ? 200 : STATUS_OF_KIND[error.kind])
          .type('html')
          .send(signInPage(site, first ? '' : error.message));
      });
  });
  app.post('/sign-in', express.urlencoded({ extended: false, limit: '16kb' }), (request, response, next) => {
    signIn(site, limiter, request, response).catch(next);
  });
  app.post('/sign-out', (_request, response) => {
    response.set('set-cookie', cookieOf(site.at, '', 0)).redirect(303, `${site.at}/`);
  });
  for (const { path, router } of site.pages) app.use(path, guard(site), router);
  app.use((request, _response, next) => next(new AppError('not-found', 'path_unknown', `there is nothing at ${request.originalUrl}`)));
  app.use(answerError(site));
  return app;
}

/** A page of another site may neither sign anybody in here nor do anything with a cookie of ours. */
function refuseOtherSites(request: Request, _response: Response, next: NextFunction): void {
  const from = request.get('sec-fetch-site');
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (reads || from === undefined || from === 'same-origin') return next();
  next(new AppError('forbidden', 'other_site', 'this came from a page of another site'));
}

function guard(site: AdminSite) {
  return (request: Request, response: Response, next: NextFunction) => {
    operatorOf(site, request).then(
      () => next(),
      (cause: unknown) => {
        const error = normaliseError(cause);
        const isPage = request.method === 'GET' && request.accepts(['json', 'html']) === 'html';
        if (isPage && error.kind === 'unauthenticated') return response.redirect(303, `${site.at}/`);
        next(error);
      },
    );
  };
}

async function operatorOf({ role, tokenCheck }: AdminSite, request: Request): Promise<Principal> {
  const token = bearerOf(request) ?? cookieIn(request);
  if (token === undefined) throw new AppError('unauthenticated', 'token_missing', 'send a token: Authorization: Bearer …, or sign in');
  return withRole(await tokenCheck(token), role);
}

function withRole(principal: Principal, role: Role): Principal {
  if (principal.roles.includes(role)) return principal;
  const had = principal.roles.join(', ') || 'none';
  throw new AppError('forbidden', 'role_missing', `this needs the role ${role}; the token has ${had}`);
}

async function signIn(site: AdminSite, limiter: RateLimiterMemory, request: Request, response: Response): Promise<void> {
  const body: unknown = request.body;
  const given = typeof body === 'object' && body !== null && 'token' in body && typeof body.token === 'string' ? body.token.trim() : '';
  try {
    await limiter.consume(request.socket.remoteAddress ?? 'unknown').catch(() => {
      throw new AppError('rate-limited', 'rate_limited', 'too many tries; wait a minute', { retryAfter: 60 });
    });
    if (given === '') throw new AppError('invalid', 'token_missing', 'paste a token');
    if (Buffer.byteLength(given) > COOKIE_BYTES) throw new AppError('too-large', 'token_long', 'the token is too long for a cookie');
    const operator = withRole(await site.tokenCheck(given), site.role);
    const seconds = Math.floor((operator.claims.exp ?? 0) - Date.now() / 1_000);
    site.log.info('an operator signed in', { operator: operator.subject });
    response.set('set-cookie', cookieOf(site.at, given, seconds)).redirect(303, `${site.at}/`);
  } catch (cause) {
    const error = normaliseError(cause);
    if (error.kind === 'internal') throw error;
    response.status(STATUS_OF_KIND[error.kind]).type('html').send(signInPage(site, error.message));
  }
}

function cookieOf(at: string, value: string, seconds: number): string {
  return `${COOKIE}=${value}; Path=${at}; Max-Age=${Math.max(0, seconds)}; HttpOnly; Secure; SameSite=Strict`;
}

function bearerOf(request: Request): string | undefined {
  const [scheme, token] = (request.get('authorization') ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && token !== undefined && token !== '' ? token : undefined;
}

function cookieIn(request: Request): string | undefined {
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
  return value === '' ? undefined : value;
}

function isRefusal({ kind }: AppError): boolean {
  return kind === 'unauthenticated' || kind === 'forbidden';
}

function answerError({ log }: AdminSite) {
  return (cause: unknown, request: Request, response: Response, _next: NextFunction) => {
    const error = normaliseError(cause);
    if (error.kind === 'internal') log.error('a page failed', { path: request.path, cause: error });
    if (response.headersSent) return void response.destroy();
    if (error.retryAfter !== undefined) response.set('retry-after', String(error.retryAfter));
    const shown = error.kind === 'internal' ? new AppError('internal', error.code, 'something went wrong here; it is logged') : error;
    response
      .status(STATUS_OF_KIND[error.kind])
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(shown)));
  };
}

function startPage({ at, title, pages }: AdminSite, { subject }: Principal): string {
  const links = pages.map(({ path, label }) => `<li><a href="${at}${path}">${escaped(label)}</a></li>`).join('');
  const out = `<form method="post" action="${at}/sign-out"><button>Sign out</button></form>`;
  return page(title, `<p>Signed in as ${escaped(subject)}.</p><ul>${links}</ul>${out}`);
}

function signInPage({ at, title, role }: AdminSite, fault: string): string {
  const said = fault === '' ? '' : `<p role="alert"><strong>${escaped(fault)}</strong></p>`;
  const field = '<input type="password" name="token" autocomplete="off" required autofocus>';
  const form = `<form method="post" action="${at}/sign-in"><label>Token with the role ${role} ${field}</label> <button>Sign in</button></form>`;
  return page(title, said + form);
}

function page(title: string, body: string): string {
  const style = 'body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${style}</style></head><body><h1>${escaped(title)}</h1>${body}</body></html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
