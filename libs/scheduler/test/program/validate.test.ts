import { describe, expect, test } from 'vitest';
import { defaultProgramLimits, validateProgram } from '../../src/program/validate.ts';
import { cases, isValid } from './cases.ts';

const issuesOf = (program: unknown) => validateProgram(program).issues;
const nested = (levels: number, inner: unknown, wrap: (inner: unknown) => unknown): unknown =>
  Array.from({ length: levels }).reduce(wrap, inner);
const one = { return: 1 };
/** What JSON.parse makes of 1e400. */
const tooLarge = Number.POSITIVE_INFINITY;

test('programs that CPython ran are programs, and what the reference refuses is none', () => {
  const refused = cases.filter(({ program }) => issuesOf(program).length > 0).map(({ name }) => name);
  expect(cases.length).toBeGreaterThan(400);
  expect(refused).toEqual(cases.filter((each) => !isValid(each)).map(({ name }) => name));
  expect(refused.length).toBeGreaterThan(5);
});

describe('what is allowed', () => {
  test.each([
    [{ waitFor: one }],
    [{ waitFor: one, timeout: null }],
    [{ sleep: 0 }],
    [{ sleep: 0.5, result: { sleep: -1, constructor: [] } }],
    [{ wait: [] }],
    [{ gather: [] }],
    [{ do: [] }],
    [{ try: one, except: [] }],
    [{ try: one, except: [{ type: 'ExceptionGroup', do: { do: [{ reraise: true }] } }] }],
    [{ try: one, except: [{ type: '*', do: { try: { reraise: true }, finally: { reraise: true } } }] }],
    [{ try: one, except: [{ type: '*', do: { taskGroup: [one], body: { reraise: true } } }] }],
    [{ call: 'program', args: { program: one }, options: { name: 'inner', priority: 3 } }],
    [{ call: 'other', args: { program: 5 } }],
    [{ call: 'other' }],
    [{ call: 'f', options: { retry: { attempts: 3, initialMs: 10, on: ['AppError'], except: ['TypeError'] } } }],
    [{ timeout: null, body: one }],
    [{ raise: { type: 'CancelledError' } }],
  ])('%j', (program) => {
    expect(issuesOf(program)).toEqual([]);
  });

  test('names that JavaScript finds special', () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'then', 'toString']) {
      const bound = { let: name, be: { return: { [name]: 1 } }, in: { var: name } };
      const task = { createTask: { raise: { type: name } }, as: name };
      expect(issuesOf({ do: [bound, task, { wait: [name] }, { call: name }] })).toEqual([]);
    }
    expect(issuesOf(JSON.parse('{"return": {"__proto__": {"constructor": 1}}}'))).toEqual([]);
  });
});

describe('what is wrong is told with its place', () => {
  const reraise = '"reraise" stands only within a handler, in the same task';
  const name = 'a name (letters, digits and _, not beginning with a digit)';
  test.each<[unknown, [pointer: string, detail: string][]]>([
    [5, [['', 'an expression is an object, not 5; a value is written {"return": ...}']]],
    [undefined, [['', 'an expression is an object, not undefined; a value is written {"return": ...}']]],
    [[one], [['', 'an expression is an object, not a list; a sequence is written {"do": [...]}']]],
    [{ do: [{ slep: 5 }] }, [['/do/0', 'unknown key "slep"; did you mean "sleep"?']]],
    [{ create_task: one, as: 'T' }, [['', 'unknown key "create_task"; did you mean "createTask"?']]],
    [{ sleep: 5, results: 1 }, [['', 'unknown key "results"; did you mean "result"?']]],
    [{ return: 5, whatever: 1 }, [['', 'unknown key "whatever"; "return" takes "return"']]],
    [{ sleep: 1, return: 2 }, [['', 'one head is needed, and these are 2: "sleep", "return"']]],
    [{ sleep: 1, timeout: 2 }, [['', 'unknown key "timeout"; "sleep" takes "sleep", "result"']]],
    [{ timeout: 5 }, [['', '"timeout" needs "body"']]],
    [
      { let: 'x', be: 5 },
      [
        ['/be', 'an expression is an object, not 5; a value is written {"return": ...}'],
        ['', '"let" needs "in"'],
      ],
    ],
    [{ sleep: '5' }, [['', 'sleep: must be a number of milliseconds, 0 or more, not "5"']]],
    [{ sleep: -1 }, [['', 'sleep: must be a number of milliseconds, 0 or more, not -1']]],
    [{ sleep: null }, [['', 'sleep: must be a number of milliseconds, 0 or more, not null']]],
    [{ sleep: tooLarge }, [['', 'sleep: must be a number of milliseconds, 0 or more, not Infinity']]],
    [
      { waitFor: one, timeout: true },
      [['', 'timeout: must be a number of milliseconds, 0 or more, or null, not true']],
    ],
    [{ return: { a: [1, tooLarge] } }, [['', 'return/a/1: is Infinity, which JSON cannot hold']]],
    [{ log: () => 1 }, [['', 'log: is a function, which JSON cannot hold']]],
    [{ var: '1x' }, [['', `var: must be ${name}, not "1x"`]]],
    [{ var: 'x\n' }, [['', `var: must be ${name}, not "x\\n"`]]],
    [{ wait: ['a', ''] }, [['', `wait/1: must be ${name}, not ""`]]],
    [{ wait: 'a' }, [['', 'wait: must be a list, not "a"']]],
    [
      { wait: ['a'], returnWhen: 'ALL' },
      [['', 'returnWhen: must be one of FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED, not "ALL"']],
    ],
    [{ raise: 'E' }, [['', 'raise: must be an object, not "E"']]],
    [
      { raise: { message: 1 } },
      [
        ['', 'raise: it needs "type"'],
        ['', 'raise/message: must be a string, not 1'],
      ],
    ],
    [
      { raise: { type: 'ExceptionGroup' } },
      [
        [
          '',
          `raise/type: must be ${name} other than ExceptionGroup, which cannot be raised by hand, not "ExceptionGroup"`,
        ],
      ],
    ],
    [{ gather: [one], returnExceptions: 1 }, [['', 'returnExceptions: must be true or false, not 1']]],
    [{ reraise: true }, [['', reraise]]],
    [
      { try: { reraise: true }, finally: { reraise: true } },
      [
        ['/try', reraise],
        ['/finally', reraise],
      ],
    ],
    [{ try: one }, [['', '"try" needs "except" or "finally"']]],
    [
      { try: one, except: [{ typ: '*', do: one }] },
      [
        ['', 'except/0: unknown key "typ"; did you mean "type"?'],
        ['', 'except/0: it needs "type"'],
      ],
    ],
    [
      { try: one, except: [{ type: '*', as: 'e', do: {} }] },
      [['/except/0/do', expect.stringMatching(/^no head; an expression has one of return, raise,/)]],
    ],
    [{ call: 'program' }, [['', '"call" needs "args"']]],
    [{ call: 'program', args: {} }, [['', 'args: it needs "program"']]],
    [{ call: 'program', args: { program: one, x: 1 } }, [['', 'args: unknown key "x"; it takes "program"']]],
    [{ call: 'program', args: { program: { do: 1 } } }, [['/args/program', 'do: must be a list, not 1']]],
    [{ call: 'program.task' }, [['', `call: must be ${name} of at most 200 characters, not "program.task"`]]],
    [
      { call: 'f', options: { nmae: 'x', priority: 1.5 } },
      [
        ['', 'options: unknown key "nmae"; did you mean "name"?'],
        ['', 'options/priority: must be an integer from 0 to 1000000, not 1.5'],
      ],
    ],
    [{ call: 'f', options: { retry: {} } }, [['', 'options/retry: it needs "attempts"']]],
    [
      { call: 'f', options: { retry: { attempts: 0, factor: 0.5, jitter: 2, on: ['CancelledError'] } } },
      [
        ['', 'options/retry/attempts: must be an integer from 1 to 1000000, not 0'],
        ['', 'options/retry/factor: must be a number from 1 to 1000, not 0.5'],
        ['', 'options/retry/jitter: must be a number from 0 to 1, not 2'],
        ['', expect.stringContaining('options/retry/on/0: must be the type of an error')],
      ],
    ],
  ])('%j', (program, expected) => {
    expect(issuesOf(program)).toEqual(expected.map(([pointer, detail]) => ({ pointer, detail })));
  });

  test('a task of a handler is not in the handler', () => {
    const again = { reraise: true };
    const spawning = [
      { createTask: again, as: 'T' },
      { gather: [again] },
      { waitFor: again },
      { shield: again },
      { asCompleted: [again] },
      { taskGroup: [again] },
      { call: 'program', args: { program: again } },
    ];
    const program = { try: one, except: [{ type: '*', do: { do: spawning } }] };
    expect(issuesOf(program).map(({ detail }) => detail)).toEqual(spawning.map(() => reraise));
  });

  test('keys that every object inherits are unknown keys', () => {
    const issues = issuesOf(JSON.parse('{"return": 1, "__proto__": 2, "constructor": 3}'));
    expect(issues.map(({ detail }) => detail)).toEqual([
      'unknown key "__proto__"; "return" takes "return"',
      'unknown key "constructor"; "return" takes "return"',
    ]);
    expect(issuesOf(JSON.parse('{"__proto__": {"return": 1}}'))).toHaveLength(1);
  });

  test('slashes and tildes of keys are escaped in the pointer, as RFC 6901 wants it', () => {
    const issues = validateProgram({ call: 'program', args: { program: { log: { 'a/b~c': tooLarge } } } }).issues;
    expect(issues).toEqual([{ pointer: '/args/program', detail: 'log/a/b~c: is Infinity, which JSON cannot hold' }]);
  });

  test('texts stay short, whatever was sent, and 20 faults are enough', () => {
    const long = 'x'.repeat(100_000);
    const issues = issuesOf({ do: new Array(5000).fill({ sleep: long, [long]: 1 }) });
    expect(issues).toHaveLength(20);
    for (const { detail } of issues) expect(detail.length).toBeLessThan(300);
    const keys = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`key${index}`, 1]));
    expect(issuesOf({ return: 1, ...keys })).toHaveLength(20);
  });
});

describe('limits', () => {
  const { depth, expressions, tasks, literalDepth } = defaultProgramLimits;

  test('are exact', () => {
    const wrap = (inner: unknown) => ({ do: [inner] });
    expect(issuesOf(nested(depth - 1, one, wrap))).toEqual([]);
    expect(issuesOf(nested(depth, one, wrap))).toEqual([
      { pointer: '/do/0'.repeat(depth), detail: 'there are more than 100 expressions within one another' },
    ]);
    expect(issuesOf({ do: new Array(expressions - 1).fill(one) })).toEqual([]);
    expect(issuesOf({ do: new Array(expressions).fill(one) })).toEqual([
      { pointer: `/do/${expressions - 1}`, detail: 'there are more than 10000 expressions up to here' },
    ]);
    expect(issuesOf({ gather: new Array(tasks).fill(one) })).toEqual([]);
    expect(issuesOf({ gather: new Array(tasks + 1).fill(one) })).toEqual([
      { pointer: `/gather/${tasks}`, detail: 'there are more than 5000 tasks up to here' },
    ]);
    const list = (inner: unknown) => [inner];
    expect(issuesOf({ return: nested(literalDepth, 1, list) })).toEqual([]);
    const [issue] = issuesOf({ return: nested(literalDepth + 1, 1, list) });
    expect(issue?.detail).toMatch(/^return\/0\/.*: is nested more than 64 deep$/);
  });

  test('may be others', () => {
    const limits = { depth: 2, expressions: 4, tasks: 1, literalDepth: 1 };
    const details = (program: unknown) => validateProgram(program, limits).issues.map(({ detail }) => detail);
    expect(details({ do: [{ return: [1] }, { waitFor: one }] })).toEqual([
      'there are more than 2 expressions within one another',
    ]);
    expect(details({ do: [one, one, one, one] })).toEqual(['there are more than 4 expressions up to here']);
    expect(details({ gather: [one, one] })).toEqual(['there are more than 1 tasks up to here']);
    expect(details({ return: [[]] })).toEqual(['return/0: is nested more than 1 deep']);
  });

  test('a member that is an elder task, and a wait for tasks, create none', () => {
    const limits = { tasks: 2 };
    const program = {
      do: [{ createTask: one, as: 'T' }, { gather: [{ await: 'T' }, one, { await: 'T' }] }, { wait: ['T'] }],
    };
    expect(validateProgram(program, limits).issues).toEqual([]);
    expect(validateProgram({ taskGroup: [{ await: 'T' }, one, one] }, limits).issues).toHaveLength(1);
    expect(
      validateProgram({ do: [{ call: 'f' }, { shield: one }, { asCompleted: [one] }] }, limits).issues,
    ).toHaveLength(1);
  });

  test('hold against depth that would break the stack', () => {
    const through: ((inner: unknown) => unknown)[] = [
      (inner) => ({ do: [inner] }),
      (inner) => ({ try: one, except: [{ type: '*', do: inner }] }),
      (inner) => ({ call: 'program', args: { program: inner } }),
      (inner) => ({ timeout: null, body: { gather: [inner] } }),
    ];
    for (const wrap of through) {
      const [issue] = issuesOf(nested(100_000, one, wrap));
      expect(issue?.detail).toBe('there are more than 100 expressions within one another');
    }
    for (const key of ['return', 'log', 'result'])
      expect(issuesOf({ sleep: 1, [key]: nested(100_000, 1, (inner) => ({ a: inner })) })).not.toEqual([]);
  });

  test('a value that contains itself is too deep', () => {
    const body: unknown[] = [];
    body.push({ do: body }, { do: body });
    expect(issuesOf({ do: body })).not.toEqual([]);
    expect(issuesOf({ return: body })).not.toEqual([]);
  });
});
