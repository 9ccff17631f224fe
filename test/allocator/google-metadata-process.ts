/** Answers as the metadata server of Google does, by a plan in a file that is read for each request. Arguments: port, file. */
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { MetadataPlan } from './google-metadata.ts';

const [port = '', planFile = ''] = process.argv.slice(2);
const TOKEN_PATH = '/computeMetadata/v1/instance/service-accounts/default/token';

createServer((request, response) => {
  const plan = JSON.parse(readFileSync(planFile, 'utf8')) as MetadataPlan;
  appendFileSync(`${planFile}.asked`, `${request.url}\n`);
  const answer = (status: number, body: string, type = 'text/html') =>
    response.writeHead(status, { 'content-type': type, ...(plan.impostor ? {} : { 'metadata-flavor': 'Google' }) }).end(body);
  // The header is what keeps a tricked browser or proxy away.
  if (request.headers['metadata-flavor'] !== 'Google' || request.headers['x-forwarded-for'] !== undefined) return answer(403, 'forbidden');
  if (request.url !== TOKEN_PATH) return answer(404, 'not found');
  if (plan.status !== undefined) return answer(plan.status, 'Error');
  const body = { access_token: plan.token, expires_in: plan.expiresIn, token_type: 'Bearer' };
  answer(200, plan.body ?? JSON.stringify(body), 'application/json');
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
