/** One request to two sidecars, and where their answers differ. */
import { request } from 'node:http';
import { differences } from '../agones/compare.ts';
import type { SdkRequest } from './unreal-requests.ts';

interface SdkAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly translated: unknown;
  readonly body: unknown;
}

/** What no two game servers have in common. */
const OWN = /"(name|namespace|uid|resource_version|generation|creation_timestamp|agones.dev\/last-allocated)":"[^"]*"/g;

export function answerDifferences(reference: SdkAnswer, answer: SdkAnswer): string[] {
  return differences(common(reference), common(answer), new Map());
}

function common(answer: SdkAnswer): unknown {
  const text = JSON.stringify(answer).replace(OWN, '"$1":"own"');
  return JSON.parse(text.replace(/"port":[0-9]+/g, '"port":0')) as unknown;
}

/** @param origin host and port. */
export function ask(origin: string, { method, path, headers, body }: SdkRequest): Promise<SdkAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const [host, port] = [origin.slice(0, origin.lastIndexOf(':')), origin.slice(origin.lastIndexOf(':') + 1)];
    const sent = request({ host, port, path, method, headers: { ...headers, ...length }, timeout: 30_000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const contentType = answer.headers['content-type'];
        resolve({
          status: answer.statusCode ?? 0,
          contentType,
          translated: answer.headers['grpc-metadata-content-type'],
          body: contentType === 'application/json' && text !== '' ? JSON.parse(text) : text,
        });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', reject);
    sent.end(body);
  });
}
