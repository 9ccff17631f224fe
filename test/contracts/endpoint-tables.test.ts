import assert from 'node:assert/strict';
import { z } from 'zod';
import { STATUS_OF_KIND } from '../../contracts/app-error.ts';
import { pathParameters } from '../../contracts/endpoint.ts';
import { EVERY_API } from './every-api.ts';

for (const api of EVERY_API) {
  describe(`the endpoint table of ${api.name}`, () => {
    for (const [name, spec] of Object.entries(api.endpoints)) {
      describe(name, () => {
        it('parses every parameter of its path, and no other', () => {
          assert.deepEqual(Object.keys(spec.params?.shape ?? {}).toSorted(), pathParameters(spec.path).toSorted());
        });

        it('has limits that a process can bear', () => {
          const { bodyBytes, perMinute, timeoutMs } = spec.limits;
          assert.ok(bodyBytes > 0 && bodyBytes <= 16 * 1024 * 1024, 'body');
          assert.ok(perMinute > 0, 'rate');
          assert.ok(timeoutMs >= 1_000 && timeoutMs <= 60_000, 'time');
        });

        it('answers later than it may be asked to wait', () => {
          const held = spec.query?.shape['wait'] !== undefined || spec.headers?.shape['prefer'] !== undefined;
          if (held) assert.ok(spec.limits.timeoutMs > 30_000, 'a wait of 30 s has to end before the deadline');
        });

        it('is safe exactly when it is a GET', () => {
          assert.equal(spec.idempotency === 'safe', spec.method === 'GET');
        });

        it('documents successes only (to one who has it already: 304), and its failures by kind', () => {
          for (const status of Object.keys(spec.responses)) assert.match(status, spec.method === 'GET' ? /^(2\d\d|304)$/ : /^2\d\d$/);
          for (const kind of spec.errors) assert.ok(kind in STATUS_OF_KIND);
        });

        it('takes a body only where the method has one', () => {
          if (spec.body !== undefined) assert.ok(['POST', 'PUT', 'PATCH'].includes(spec.method));
        });

        it('reads headers by their lower-case names', () => {
          for (const header of Object.keys(spec.headers?.shape ?? {})) assert.equal(header, header.toLowerCase());
        });
      });
    }

    it('names no method and path twice', () => {
      const routes = Object.values(api.endpoints).map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`);
      assert.equal(new Set(routes).size, routes.length, routes.join('\n'));
    });
  });
}

describe('the named schemas', () => {
  it('have one name each', () => {
    const byId = new Map<string, z.core.$ZodType>();
    const look = (type: z.ZodType) => {
      z.toJSONSchema(type, {
        unrepresentable: 'any',
        override: ({ zodSchema }) => {
          const id = z.globalRegistry.get(zodSchema)?.id;
          if (id === undefined) return;
          const known = byId.get(id);
          if (known !== undefined && known !== zodSchema) {
            const shape = (schema: z.core.$ZodType) => JSON.stringify(z.toJSONSchema(schema, { unrepresentable: 'any' }));
            assert.equal(shape(known), shape(zodSchema), `two schemas are called ${id}`);
          }
          byId.set(id, zodSchema);
        },
      });
    };
    for (const { endpoints } of EVERY_API) {
      for (const { body, params, query, responses } of Object.values(endpoints)) {
        for (const part of [body, params, query, ...Object.values(responses).map((response) => response.body)]) if (part) look(part);
      }
    }
    assert.ok(byId.size > 20);
  });
});
