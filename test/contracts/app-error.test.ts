import assert from 'node:assert/strict';
import { AppError, errorOfResponse, faultsOf, problemOf, STATUS_OF_KIND, type ErrorKind } from '../../contracts/app-error.ts';
import { z } from 'zod';

const KINDS = Object.keys(STATUS_OF_KIND) as ErrorKind[];

describe('an error on its way over the wire', () => {
  for (const kind of KINDS) {
    it(`is ${kind} again at the other end, with its code, words, faults and time to wait`, () => {
      const faults = [{ pointer: '#/body/x', detail: 'is missing' }];
      const sent = new AppError(kind, 'some_code', 'some words', { faults, retryAfter: 7 });
      const got = errorOfResponse('saves', STATUS_OF_KIND[kind], JSON.parse(JSON.stringify(problemOf(sent, 'request-1'))), 7);
      assert.equal(got.kind, kind);
      assert.equal(got.code, 'some_code');
      assert.equal(got.message, 'some words');
      assert.deepEqual(got.faults, faults);
      assert.equal(got.retryAfter, 7);
      assert.equal(got.retryable, sent.retryable);
      assert.equal(got.from, 'saves');
    });
  }

  it('has a status of its own for each kind, so that the way back is one', () => {
    assert.equal(new Set(Object.values(STATUS_OF_KIND)).size, KINDS.length);
  });

  it('is known by its status when something between has answered without a problem document', () => {
    assert.equal(errorOfResponse('saves', 503, '<html>').kind, 'unavailable');
    assert.equal(errorOfResponse('saves', 418, undefined).kind, 'invalid');
    assert.equal(errorOfResponse('saves', 599, undefined).kind, 'bad-gateway');
    assert.equal(errorOfResponse('saves', 302, undefined).kind, 'bad-gateway');
  });

  it('points into the input, with / and ~ escaped', () => {
    const parsed = z.object({ 'a/b': z.object({ 'c~d': z.string() }) }).safeParse({ 'a/b': { 'c~d': 1 } });
    assert.ok(!parsed.success);
    assert.deepEqual(
      faultsOf(parsed.error, 'body').map(({ pointer }) => pointer),
      ['#/body/a~1b/c~0d'],
    );
  });
});
