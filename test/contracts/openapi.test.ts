import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import { z } from 'zod';
import { defineApi, ORDINARY } from '../../contracts/endpoint.ts';
import { openApiOf } from '../../contracts/openapi.ts';
import { EVERY_API } from './every-api.ts';

const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
});

for (const api of EVERY_API) {
  describe(`the OpenAPI document of ${api.name}`, () => {
    const document = openApiOf(api);
    const { paths, components } = Document.parse(document);

    it('is valid OpenAPI 3.1', async () => {
      const validator = new Validator();
      const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)));
      assert.ok(valid, JSON.stringify(errors));
      assert.equal(validator.version, '3.1');
    });

    it('has every endpoint', () => {
      const names = Object.values(paths).flatMap((operations) => Object.values(operations).map(({ operationId }) => operationId));
      assert.deepEqual(names.toSorted(), Object.keys(api.endpoints).toSorted());
    });

    it('refers to schemas that are there and are not just themselves', () => {
      const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = '']) => to);
      assert.ok(references.length > 0);
      for (const to of references) assert.ok(components.schemas[to.replace('#/components/schemas/', '')], to);
      for (const [name, schema] of Object.entries(components.schemas)) assert.notEqual(schema['$ref'], `#/components/schemas/${name}`);
    });
  });
}

describe('an OpenAPI document', () => {
  const Inner = z.object({ size: z.int().default(1) }).meta({ id: 'OpenApiInner' });
  const Outer = z.object({ inner: Inner }).meta({ id: 'OpenApiOuter' });
  const Same = z.object({ name: z.string() }).meta({ id: 'OpenApiSame' });
  const document = Document.parse(
    openApiOf(
      defineApi({
        name: 'x',
        title: 'X',
        version: '1.0.0',
        description: 'x',
        endpoints: {
          put: {
            method: 'PUT',
            path: '/x',
            summary: 'x',
            access: 'public',
            body: z.object({ outer: Outer, same: Same }),
            responses: { 200: { description: 'x', body: z.object({ outer: Outer, same: Same }) } },
            errors: [],
            limits: ORDINARY,
            idempotency: 'repeatable',
          },
        },
      }),
    ),
  );

  it('shows a default as optional in a request and as given in an answer, also deeper inside', () => {
    const { schemas } = document.components;
    assert.equal(schemas['OpenApiInner']?.['required'], undefined);
    assert.deepEqual(schemas['OpenApiInnerAnswer']?.['required'], ['size']);
    assert.match(JSON.stringify(schemas['OpenApiOuterAnswer']), /OpenApiInnerAnswer/);
  });

  it('shows once what is the same on both sides', () => {
    assert.ok('OpenApiSame' in document.components.schemas);
    assert.ok(!('OpenApiSameAnswer' in document.components.schemas));
  });
});
