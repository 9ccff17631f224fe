import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { AppError, Problem } from '../../contracts/app-error.ts';
import { openProbe, type Probe } from './probe-api.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

describe('a served contract', function () {
  this.timeout(300_000);
  let probe: Probe;
  before(async () => void (probe = await openProbe()));
  after(() => probe.close());

  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const ca = readFileSync(probe.authority.caFile);
      const outgoing = httpsRequest(probe.url + path, { method, headers, ca, agent: false }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: Buffer.concat(chunks).toString() }),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  const JSON_TYPE = { 'content-type': 'application/json' };
  const ECHO = '/v1/things/ab/echo';
  const post = (body: string | Buffer, headers: Record<string, string> = {}) => ask('POST', ECHO, { ...JSON_TYPE, ...headers }, body);
  const problem = ({ status, headers, text }: Answer, wanted: number): Problem => {
    assert.equal(status, wanted, text);
    assert.match(String(headers['content-type']), /^application\/problem\+json/);
    const parsed = Problem.parse(JSON.parse(text));
    assert.equal(parsed.status, wanted);
    assert.equal(parsed.requestId, headers['x-request-id']);
    return parsed;
  };

  describe('between the typed client and the handler', () => {
    it('carries every part of a call, parsed', async () => {
      const reply = await probe.client.echo({
        params: { id: 'a b/ä?' },
        query: { times: 3 },
        headers: { prefer: 'wait=3' },
        body: { text: 'x', data: { deep: [1, null] } },
      });
      assert.deepEqual(reply.body, { id: 'a b/ä?', times: 3, prefer: 'wait=3', text: 'xxx', data: { deep: [1, null] } });
    });

    it('lets documented fields out only', async () => {
      const { text } = await post('{"text":"x"}');
      assert.doesNotMatch(text, /secret/);
    });

    it('gives a failure to the caller as it was thrown', async () => {
      probe.acts.set('conflict', async () => {
        throw new AppError('conflict', 'it_differs', 'say the same', { faults: [{ pointer: '#/body', detail: 'x' }], retryAfter: 3 });
      });
      await assert.rejects(probe.client.act({ params: { how: 'conflict' } }), {
        kind: 'conflict',
        code: 'it_differs',
        message: 'say the same',
        retryAfter: 3,
        from: 'probe',
      });
    });

    it('refuses to make another path of a parameter', async () => {
      for (const id of ['.', '..', ''])
        await assert.rejects(probe.client.echo({ params: { id }, body: { text: 'x' } }), { kind: 'invalid' });
    });
  });

  describe('refuses bad input with what to mend', () => {
    it('every fault at once, with pointers', async () => {
      const answer = await ask('POST', '/v1/things/a/echo?times=99', JSON_TYPE, '{"text":"much longer than ten"}');
      const { faults = [] } = problem(answer, 400);
      assert.deepEqual(
        faults.map(({ pointer }) => pointer),
        ['#/params/id', '#/query/times', '#/body/text'],
      );
    });

    it('JSON that is none', async () => void problem(await post('{"text":'), 400));
    it('no body', async () => void problem(await post(''), 400));
    it('a body of another type', async () => void problem(await ask('POST', ECHO, { 'content-type': 'text/plain' }, 'x'), 415));
    it('a body without a type', async () => void problem(await ask('POST', ECHO, {}, '{}'), 415));
    it('a character set that is unknown', async () =>
      void problem(await post('{}', { 'content-type': 'application/json; charset=klingon' }), 415));
    it('a content encoding that is unknown', async () => void problem(await post('{}', { 'content-encoding': 'lzma' }), 415));
    it('a gzip body that is none', async () => void problem(await post('{"text":"x"}', { 'content-encoding': 'gzip' }), 400));
    it('a body over the limit', async () => void problem(await post(JSON.stringify({ text: 'x', data: { a: 'y'.repeat(3_000) } })), 413));
    it('a small gzip body that is large', async () => {
      const bomb = gzipSync(JSON.stringify({ text: 'x', data: { a: 'y'.repeat(5_000_000) } }));
      problem(await post(bomb, { 'content-encoding': 'gzip' }), 413);
    });
    it('nesting that has no end', async () => {
      const nested = `{"text":"x","data":{"a":${'['.repeat(900)}${']'.repeat(900)}}}`;
      const { faults = [] } = problem(await post(nested), 400);
      assert.match(faults[0]?.detail ?? '', /nested deeper/);
    });
    it('a body that is not UTF-8, or says that it is not', async () => {
      problem(await post(Buffer.from('{"text":"\xe4"}', 'latin1')), 400);
      problem(await post('{}', { 'content-type': 'application/json; charset=utf-16' }), 415);
    });
    it('what JSON can say and nobody can keep, together with the other faults', async () => {
      const answer = await ask('POST', `${ECHO}?times=99`, JSON_TYPE, '{"text":"x","data":{"a/b":[{"__proto__":1}],"n":9007199254740993}}');
      assert.deepEqual(
        problem(answer, 400).faults?.map(({ pointer }) => pointer),
        ['#/query/times', '#/body/data/a~1b/0/__proto__', '#/body/data/n'],
      );
    });
    it('a percent sign that encodes nothing', async () =>
      void problem(await ask('POST', '/v1/things/%E0%A4%A/echo', JSON_TYPE, '{}'), 400));
    it('a query that is given twice', async () =>
      void problem(await ask('POST', `${ECHO}?times=1&times=2`, JSON_TYPE, '{"text":"x"}'), 400));
    it('a query that is there and empty', async () => void problem(await ask('POST', `${ECHO}?times=`, JSON_TYPE, '{"text":"x"}'), 400));
    it('a path that is unknown', async () => void problem(await ask('GET', '/v1/nothing'), 404));
    it('a path in other letters', async () => void problem(await ask('GET', '/V1/guarded'), 404));
    it('headers without end', async () => {
      const { status } = await ask('GET', '/v1/guarded', { 'x-long': 'y'.repeat(20_000) });
      assert.equal(status, 431);
    });

    it('a wrong method, and names the right ones', async () => {
      const answer = await ask('DELETE', ECHO);
      problem(answer, 405);
      assert.equal(answer.headers['allow'], 'POST');
      assert.equal((await ask('PUT', '/v1/guarded')).headers['allow'], 'GET, HEAD');
    });

    for (const body of ['{"__proto__":{"text":"x"}}', '{"constructor":{"prototype":{"text":"x"}}}', 'null', '[]', '1', '"x"', 'true']) {
      it(`the body ${body}`, async () => {
        problem(await post(body), 400);
        assert.equal(Reflect.get({}, 'text'), undefined);
      });
    }

    it('a __proto__ however deep, and pollutes nothing', async () => {
      for (const data of ['{"__proto__":{"polluted":1}}', '{"a":[{"__proto__":{"polluted":1}}]}', '{"__pr\\u006fto__":{"polluted":1}}']) {
        problem(await post(`{"text":"x","data":${data}}`), 400);
        assert.equal(Reflect.get({}, 'polluted'), undefined);
      }
    });
    it('nothing else of an object: other names of JavaScript and MongoDB are data, and come back as they came', async () => {
      const data = '{"constructor":{"prototype":{"polluted":1}},"$set":{"a.b":-0},"":[1e-7,-0,9007199254740992],"toJSON":{"length":2}}';
      const { status, text } = await post(`{"text":"x","data":${data}}`);
      assert.equal(status, 200, text);
      assert.ok(text.includes(`"data":${data}`), text);
      assert.equal(Reflect.get({}, 'polluted'), undefined);
    });
  });

  it('answers OPTIONS and HEAD', async () => {
    const options = await ask('OPTIONS', '/v1/guarded');
    assert.equal(options.status, 204);
    assert.equal(options.headers['allow'], 'GET, HEAD');
    probe.acts.set('head', async () => ({ status: 200, body: { done: true } }));
    const head = await ask('HEAD', '/v1/act/head');
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
  });

  describe('lets in', () => {
    it('no one without a token', async () => assert.equal(problem(await ask('GET', '/v1/guarded'), 401).code, 'token_missing'));
    it('no one with another scheme', async () =>
      void problem(await ask('GET', '/v1/guarded', { authorization: 'Basic b3BlcmF0b3I6' }), 401));
    it('no one with a token that does not hold', async () =>
      void problem(await ask('GET', '/v1/guarded', { authorization: 'Bearer forged' }), 401));
    it('no one with another role', async () => {
      const { code, detail } = problem(await ask('GET', '/v1/guarded', { authorization: 'Bearer player' }), 403);
      assert.equal(code, 'role_missing');
      assert.match(detail, /operator, backend.*player/);
    });
    it('one of the roles that are named', async () => {
      const { status, text } = await ask('GET', '/v1/guarded', { authorization: 'bearer operator' });
      assert.equal(status, 200, text);
      assert.deepEqual(JSON.parse(text), { subject: 'the operator' });
    });
  });

  it('says when to come back after too many requests', async () => {
    await ask('POST', '/v1/rare');
    await ask('POST', '/v1/rare');
    const answer = await ask('POST', '/v1/rare');
    problem(answer, 429);
    const seconds = Number(answer.headers['retry-after']);
    assert.ok(seconds >= 1 && seconds <= 60, String(seconds));
  });

  describe('when a handler goes wrong', () => {
    const act = (how: string, work: Parameters<Probe['acts']['set']>[1], where = 'act') => {
      probe.acts.set(how, work);
      return ask('GET', `/v1/${where}/${how}`);
    };

    it('hides what went wrong, and logs it under the request id', async () => {
      const answer = await act('bug', async () => {
        throw new TypeError('the password is hunter2');
      });
      const { detail, requestId } = problem(answer, 500);
      assert.doesNotMatch(answer.text, /hunter2/);
      assert.match(detail, /logged/);
      const line = probe.lines.find(({ fields }) => fields['requestId'] === requestId);
      assert.equal(line?.level, 'error');
    });

    it('lets no answer out that is not documented', async () => {
      const answer = await act('other-shape', async () => JSON.parse('{"status":200,"body":{"done":"maybe"},"headers":{"x-a":"b"}}'));
      assert.equal(problem(answer, 500).code, 'answer_malformed');
      assert.equal(answer.headers['x-a'], undefined);
      const status = await act('other-status', async () => JSON.parse('{"status":299,"body":{}}'));
      assert.equal(problem(status, 500).code, 'answer_undocumented');
    });

    it('answers 504 at the deadline, even if the handler does not heed its signal', async () => {
      problem(await act('deaf', () => new Promise(() => {}), 'hurry'), 504);
      let aborted = false;
      const heed = async ({ signal }: { signal: AbortSignal }) => {
        await once(signal, 'abort');
        aborted = signal.aborted;
        throw signal.reason;
      };
      const heeding = await act('heeding', heed, 'hurry');
      assert.equal(problem(heeding, 504).code, 'deadline_passed');
      assert.ok(aborted);
    });

    it("does not hand on another service's refusal of our own call as the caller's fault", async () => {
      for (const kind of ['unauthenticated', 'forbidden', 'invalid', 'internal'] as const) {
        const answer = await act(`relay-${kind}`, async () => {
          throw new AppError(kind, 'x', 'x', { from: 'saves' });
        });
        assert.equal(problem(answer, 502).code, 'service_refused');
      }
      const passed = await act('relay-unavailable', async () => {
        throw new AppError('unavailable', 'x', 'x', { from: 'saves' });
      });
      problem(passed, 503);
    });

    it('says in the log when it fails in a way that its contract does not name', async () => {
      const answer = await act('gone', async () => {
        throw new AppError('gone', 'it_is_gone', 'gone');
      });
      const { requestId } = problem(answer, 410);
      assert.match(probe.lines.find(({ fields }) => fields['requestId'] === requestId)?.message ?? '', /contract does not name/);
    });

    it('aborts the signal when the caller goes away', async () => {
      const started = Promise.withResolvers<AbortSignal>();
      probe.acts.set('left', async ({ signal }) => {
        started.resolve(signal);
        await once(signal, 'abort');
        return { status: 204, body: undefined };
      });
      const leaving = new AbortController();
      const call = probe.client.act({ params: { how: 'left' } }, { signal: leaving.signal });
      const signal = await started.promise;
      leaving.abort();
      await assert.rejects(call);
      if (!signal.aborted) await once(signal, 'abort');
      assert.equal(signal.reason.code, 'caller_gone');
    });

    it('gives every request id back that is safe to log, and no other', async () => {
      assert.equal((await ask('GET', '/v1/nothing', { 'x-request-id': 'abc-1' })).headers['x-request-id'], 'abc-1');
      assert.notEqual((await ask('GET', '/v1/nothing', { 'x-request-id': 'a b' })).headers['x-request-id'], 'a b');
    });
  });

  describe('while the process ends', () => {
    it('answers who waits at once, by the handler or with 503, and closes', async () => {
      const ending = await openProbe();
      const begun = Promise.withResolvers<void>();
      let waiting = 0;
      const wait = async ({ signal }: { signal: AbortSignal }) => {
        if (++waiting === 2) begun.resolve();
        await once(signal, 'abort');
      };
      ending.acts.set('answers', async (context) => {
        await wait(context);
        return { status: 200, body: { done: false } };
      });
      ending.acts.set('gives-up', async (context) => {
        await wait(context);
        throw new Error('nothing came');
      });
      const answering = ending.client.act({ params: { how: 'answers' } });
      const givingUp = ending.client.act({ params: { how: 'gives-up' } });
      await begun.promise;
      ending.stopping.abort();
      const closed = ending.listener.close();
      assert.deepEqual((await answering).body, { done: false });
      await assert.rejects(givingUp, { kind: 'unavailable', code: 'stopping', retryAfter: 1 });
      await closed;
      await ending.close();
    });
  });
});
