import assert from 'node:assert/strict';
import { continueTrace } from '../../runtime/trace-context.ts';

const newHex = (bytes: number) => 'ab'.repeat(bytes);
const GIVEN = '0af7651916cd43dd8448eb211c80319c';

describe('A trace', () => {
  it('goes on under its id, with a span of our own', () => {
    const { traceId, traceparent } = continueTrace(`00-${GIVEN}-b7ad6b7169203331-00`, newHex);
    assert.equal(traceId, GIVEN);
    assert.equal(traceparent, `00-${GIVEN}-${'ab'.repeat(8)}-00`);
  });
  for (const header of [
    undefined,
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `ff-${GIVEN}-b7ad6b7169203331-01`,
    `00-${GIVEN}-${'0'.repeat(16)}-01`,
  ])
    it(`begins anew where the header is ${header === undefined ? 'absent' : `“${header}”`}`, () => {
      assert.equal(continueTrace(header, newHex).traceId, 'ab'.repeat(16));
    });
});
