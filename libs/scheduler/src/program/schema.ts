/** The language of programs as JSON Schema (2020-12), for editors and clients; made from the grammar. */
import {
  grammar,
  isKeyOf,
  type Kind,
  listOf,
  mayReraise,
  type Part,
  parts,
  programCall,
  programName,
  type Row,
  reraiseWithin,
} from './grammar.ts';
import { defaultProgramLimits as limits } from './validate.ts';
import { valueKinds } from './value-kinds.ts';

type Schema = Readonly<Record<string, unknown>>;

const description =
  'An asyncio program as JSON: one expression. Not said here, and checked all the same: at most ' +
  `${limits.expressions} expressions, ${limits.depth} within one another, ${limits.tasks} tasks that the program ` +
  `creates, and literal values nested ${limits.literalDepth} deep.`;

/** What may stand within a handler has definitions of its own, since `reraise` may stand nowhere else. */
function definitions(): Schema {
  const rows = Object.entries<Row>({ ...grammar, callProgram: programCall });
  const { reraise, ...anywhere } = Object.fromEntries(rows.map(([name, row]) => [name, rowSchema(name, row, false)]));
  const holders = rows.filter(([, row]) => holdsExpressions(row));
  const within = Object.fromEntries(holders.map(([name, row]) => [name, rowSchema(name, row, true)]));
  const inHandler = rows.map(([name]) => (Object.hasOwn(within, name) ? `${name}InHandler` : name));
  return {
    expression: oneOf(Object.keys(anywhere)),
    expressionInHandler: oneOf(inHandler),
    ...anywhere,
    reraise,
    ...Object.fromEntries(Object.entries(within).map(([name, schema]) => [`${name}InHandler`, schema])),
    ...Object.fromEntries(Object.entries(parts).map(([kind, part]) => [kind, partSchema(part, false)])),
  };
}

/** Whether it holds expressions of its own task, in which `reraise` may stand if it may stand around them. */
const holdsExpressions = ({ required, optional }: Row): boolean =>
  Object.values({ ...required, ...optional }).some((kind) => kind === 'expression' || kind === 'expressions');

const isProgram = { properties: { call: { const: programName } } };
const rules: Readonly<Record<string, Schema>> = {
  call: { not: isProgram },
  callProgram: { allOf: [isProgram] },
  try: { anyOf: [{ required: ['except'] }, { required: ['finally'] }] },
};

const rowSchema = (name: string, row: Row, inHandler: boolean): Schema => ({
  description: row.meaning,
  ...partSchema(row, inHandler),
  ...rules[name],
});

const partSchema = ({ required, optional }: Part, inHandler: boolean): Schema => ({
  type: 'object',
  required: Object.keys(required),
  properties: Object.fromEntries(
    Object.entries({ ...required, ...optional }).map(([key, kind]) => [key, kindSchema(kind, inHandler)]),
  ),
  additionalProperties: false,
});

function kindSchema(kind: Kind, inHandler: boolean): Schema {
  if (isKeyOf(reraiseWithin, kind))
    return reference(mayReraise(kind, inHandler) ? 'expressionInHandler' : 'expression');
  if (isKeyOf(listOf, kind)) return { type: 'array', items: kindSchema(listOf[kind], inHandler) };
  return isKeyOf(parts, kind) ? reference(kind) : valueKinds[kind].schema;
}

const reference = (name: string): Schema => ({ $ref: `#/$defs/${name}` });

/** One alternative alone has the right keys: the first that fits is the one. */
const oneOf = (names: readonly string[]): Schema => ({ type: 'object', anyOf: names.map(reference) });

export const programSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Program',
  description,
  $ref: '#/$defs/expression',
  $defs: definitions(),
};
