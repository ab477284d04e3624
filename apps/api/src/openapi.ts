/** The OpenAPI document (3.1.0) at /openapi.json, and the page that shows it at /docs. */
import { version } from '@corral/service';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { problemDocument } from './problem/problem.ts';
import { problemResponses } from './problem/problems.decorator.ts';

type SchemaObject = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

const description =
  'Submit coroutines to a Corral cluster, wait for them, look at them and cancel them. ' +
  'Every error is `application/problem+json` with a stable `type`.';

export function serveOpenApi(app: NestFastifyApplication): void {
  const document = openApiDocument(app);
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'openapi.json', raw: ['json'] });
}

function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Corral')
    .setDescription(description)
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .setOpenAPIVersion('3.1.0')
    .addServer('/')
    .addTag('tasks', 'Root tasks, and what is below them')
    .addTag('programs', 'asyncio programs as JSON')
    .addTag('cluster', 'Workers, and the coroutines that they run')
    .addTag('operations', 'Health and metrics of this process')
    .build();
  const components = jsonSchema(problemDocument, 'output').components;
  const document = SwaggerModule.createDocument(
    app,
    { ...config, components: { schemas: components } },
    {
      standardSchemaConverter: (schema, { schemaType }) =>
        schema instanceof z.ZodType ? jsonSchema(schema, schemaType) : undefined,
    },
  );
  Object.assign(document.paths, operations);
  return document;
}

/** OpenAPI 3.1 takes JSON Schema 2020-12 as it is; definitions become components. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output') {
  const {
    $schema,
    $defs = {},
    ...rest
  } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => leaveOutSafeBounds(jsonSchema),
  });
  return { schema: rest, components: $defs as Record<string, SchemaObject> };
}

/** zod says of every integer that it lies within the safe ones. */
function leaveOutSafeBounds(schema: { minimum?: number; maximum?: number }): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

const text = { type: 'string' as const };
const json = (properties: Record<string, SchemaObject>) => ({
  'application/json': { schema: { type: 'object' as const, required: Object.keys(properties), properties } },
});

const alive = json({ status: { type: 'string', enum: ['alive', 'blocked'] }, loopDelayMs: { type: 'integer' } });
const ready = json({
  status: { type: 'string', enum: ['ready', 'not ready'] },
  reasons: { type: 'array', items: text, description: 'What is wrong, in words; empty when ready.' },
});

/** These routes are the same in every process of Corral and are described here alone. */
const operations: OpenAPIObject['paths'] = {
  '/healthz': {
    get: {
      operationId: 'getHealth',
      summary: 'Does this process live?',
      tags: ['operations'],
      responses: {
        200: { description: 'Its event loop turns.', content: alive },
        503: { description: 'Its event loop has been blocked for seconds.', content: alive },
        ...problemResponses(['malformed-request', 'internal-error']),
      },
    },
  },
  '/readyz': {
    get: {
      operationId: 'getReadiness',
      summary: 'Can this process do its work now?',
      tags: ['operations'],
      responses: {
        200: { description: 'Yes.', content: ready },
        503: { description: 'No, for these reasons.', content: ready },
        ...problemResponses(['malformed-request', 'internal-error']),
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'getMetrics',
      summary: 'Metrics of this process for Prometheus',
      tags: ['operations'],
      responses: {
        200: { description: 'The text format of Prometheus.', content: { 'text/plain': { schema: text } } },
        ...problemResponses(['malformed-request', 'internal-error']),
      },
    },
  },
};
