import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { RouteTable } from '../src/server/route-table.ts';
import { type Booted, boot } from './boot.ts';

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: { name: string; in: string; required: boolean }[];
  requestBody?: { required: boolean };
  responses: Record<string, { content: Record<string, { schema: object }> }>;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

const documentOf = async ({ app }: Booted): Promise<Document> => (await app.inject('/openapi.json')).json();

const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

/** These tell of the API and are no part of it. */
const aboutTheApi = /^\/(docs|openapi\.json)/;

describe('/openapi.json', () => {
  test('is a valid OpenAPI 3.1 document', async () => {
    const document = await documentOf(await boot());
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(document.openapi).toBe('3.1.0');
  });

  test('has schemas that can be used, and no reference that leads nowhere', async () => {
    const document = await documentOf(await boot());
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'corral:', ...document });
    for (const name of Object.keys(document.components.schemas))
      expect(ajv.compile({ $ref: `corral:#/components/schemas/${name}` }), name).toBeTypeOf('function');
  });

  test('has the routes that are served, and no other', async () => {
    const api = await boot();
    const served = api.app
      .get(RouteTable)
      .entries()
      .filter(({ path }) => !aboutTheApi.test(path))
      .flatMap(({ path, methods }) => methods.map((method) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`))
      .filter((route) => !route.startsWith('HEAD '));
    const described = operationsOf(await documentOf(api)).map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    expect(described.sort()).toEqual(served.sort());
  });

  test('says of each operation what it does, and that it may fail', async () => {
    const operations = operationsOf(await documentOf(await boot()));
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { path, operation } of operations) {
      expect(operation.summary.length, path).toBeGreaterThan(10);
      expect(operation.tags, path).toHaveLength(1);
      expect(Object.keys(operation.responses), path).toEqual(expect.arrayContaining(['400', '500']));
      for (const [status, { content }] of Object.entries(operation.responses)) {
        if (status === '204') continue;
        const isHealth = status === '503' && operation.tags.includes('operations');
        const media =
          Number(status) < 400 || isHealth
            ? /^(application\/(schema\+)?json|text\/(plain|event-stream))$/
            : /^application\/problem/;
        expect(Object.keys(content), `${path} ${status}`).toEqual([expect.stringMatching(media)]);
      }
    }
  });

  test('knows what is optional', async () => {
    const { paths } = await documentOf(await boot());
    expect(paths['/v1/tasks/{id}/cancel']?.['post']?.requestBody?.required).toBe(false);
    expect(paths['/v1/tasks']?.['post']?.requestBody?.required).toBe(true);
    expect(paths['/v1/tasks/batch']?.['post']?.requestBody?.required).toBe(true);
    const parameters = paths['/v1/tasks']?.['get']?.parameters?.map(({ name, required }) => [name, required]);
    expect(parameters).toEqual(['state', 'coroutine', 'cursor', 'limit'].map((name) => [name, false]));
  });
});

describe('answers are as described', () => {
  test('by status, media type and schema', async () => {
    const api = await boot();
    const { client } = api;
    const document = await documentOf(api);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'corral:', ...document });

    const error = { type: 'E', message: 'm', stack: 's', task: 'a', cause: { type: 'C', message: '' } };
    const { id } = client.add({ name: 'n', state: 'failed', error: { ...error, errors: [error] }, unroutable: true });
    const done = client.add({ state: 'succeeded', result: [null], worker: 'w', progress: 0.5, startedAt: 'now' });
    client.announced = [{ name: 'main', argsSchema: { type: 'object' }, versions: ['1'], workers: 1 }];
    const worker = {
      id: 'w',
      state: 'lost',
      host: 'h',
      pid: 1,
      version: '1',
      slots: 1,
      running: 0,
      suspended: 0,
    } as const;
    client.live = [{ ...worker, coroutines: ['main'], stuck: true }];
    client.entries = [{ task: id, entries: [1, 'a', null] }];

    const calls = [
      ['POST', '/v1/tasks', 202, { coroutine: 'main' }],
      ['POST', '/v1/tasks?waitMs=1', 202, { coroutine: 'main', args: {} }],
      ['POST', '/v1/tasks', 400, { coroutine: '' }],
      ['POST', '/v1/tasks', 415, 'text'],
      ['POST', '/v1/tasks/batch', 202, { tasks: [{ coroutine: 'main' }, { coroutine: 'main', args: {} }] }],
      ['POST', '/v1/tasks/batch', 400, { tasks: [] }],
      ['POST', '/v1/programs', 202, { program: { sleep: 5 } }],
      ['POST', '/v1/programs?waitMs=1', 202, { program: { sleep: 5 } }],
      ['POST', '/v1/programs', 400, { program: { slep: 5 } }],
      ['GET', '/v1/programs/schema', 200],
      ['GET', '/v1/tasks', 200],
      ['GET', '/v1/tasks?limit=0', 400],
      ['GET', `/v1/tasks/${id}`, 200],
      ['GET', `/v1/tasks/${done.id}?waitMs=1`, 200],
      ['GET', '/v1/tasks/t_0', 404],
      ['POST', `/v1/tasks/${id}/cancel`, 202, {}],
      ['POST', '/v1/tasks/t_0/cancel', 404, {}],
      ['GET', `/v1/tasks/${id}/tree`, 200],
      ['GET', `/v1/tasks/${id}/events`, 200],
      ['GET', `/v1/tasks/${id}/logs`, 200],
      ['GET', `/v1/tasks/${id}/history`, 200],
      ['GET', '/v1/workers', 200],
      ['GET', '/v1/coroutines', 200],
      ['GET', '/v1/cluster', 200],
      ['GET', '/healthz', 200],
      ['GET', '/readyz', 200],
      ['GET', '/metrics', 200],
    ] as const;
    for (const [method, url, status, payload] of calls) {
      const answer = await api.app.inject({ method, url, ...(payload !== undefined && { payload }) });
      expect([url, answer.statusCode]).toEqual([url, status]);
      const path = url.replace(/\?.*/, '').replace(/t_[^/]+/, '{id}');
      const content = document.paths[path]?.[method.toLowerCase()]?.responses[status]?.content ?? {};
      const media = String(answer.headers['content-type']).split(';')[0] ?? '';
      expect(Object.keys(content), url).toEqual([media]);
      if (!media.endsWith('json')) continue;
      const schema = JSON.stringify(content[media]?.schema).replaceAll('"#/', '"corral:#/');
      const validate = ajv.compile(JSON.parse(schema));
      expect([url, validate(answer.json()), validate.errors]).toEqual([url, true, null]);
    }
  });
});

test('/docs shows the document', async () => {
  const { app } = await boot();
  const page = await app.inject('/docs');
  expect(page.statusCode).toBe(200);
  const scripts = [...page.body.matchAll(/<script src="\.(\/docs\/[^"]+)"/g)].map(([, path]) => path);
  expect(scripts).toHaveLength(3);
  for (const path of scripts) expect((await app.inject(String(path))).headers['content-type']).toMatch(/javascript/);
  expect((await app.inject('/docs/swagger-ui-init.js')).body).toContain('"submitTask"');
});
