import type { Stream } from '@argonaut/contracts/attempt';
import { describe, expect, test } from 'vitest';
import { MaskingFailure, SecretSet } from '../../src/masking/index.ts';
import { formatMessage, type OutputBatch, OutputReader, type Position } from '../../src/messages/index.ts';
import { named, Random } from '../masking/oracle.ts';

type Write = [stream: Stream, text: string | Uint8Array];

function show(batches: OutputBatch[]): string[] {
  const lines: string[] = [];
  for (const { runs, outputs, artifacts, progress, resultMessage } of batches) {
    for (const { stream, level, bytes } of runs)
      lines.push(`${stream} ${level}: ${Buffer.from(bytes).toString()}`);
    for (const { name, value, sensitive } of outputs)
      lines.push(`output ${name}=${value}${sensitive ? ' (sensitive)' : ''}`);
    for (const { path, name } of artifacts) lines.push(`artifact ${path} as ${name}`);
    if (progress !== undefined) lines.push(`progress ${progress.percentage} ${progress.message}`);
    if (resultMessage !== undefined) lines.push(`result ${resultMessage}`);
  }
  return lines;
}

function read(secrets: Record<string, string>, writes: Write[], serviceMessages = true): string[] {
  const reader = new OutputReader(new SecretSet(named(secrets)), { serviceMessages });
  writes.forEach(([stream, text], i) => {
    reader.write(stream, Buffer.from(text), i);
  });
  reader.end();
  return show([reader.take()]);
}

describe('levels', () => {
  test('stdout is Info and stderr is Error until a message says otherwise', () => {
    expect(
      read({}, [
        ['stdout', 'a\n##octopus[stdout-warning]\nb\n##octopus[stdout-default]\nc\n'],
        ['stderr', 'd\n'],
      ]),
    ).toEqual(['stdout Info: a\n', 'stdout Warning: b\n', 'stdout Info: c\n', 'stderr Error: d\n']);
  });

  test('a message on stdout may switch stderr, and drop lines', () => {
    expect(
      read({}, [
        ['stdout', '##octopus[stderr-progress]\n'],
        ['stderr', 'x\n'],
        ['stdout', '##octopus[stderr-ignore]\n'],
        ['stderr', 'y\n'],
      ]),
    ).toEqual(['stderr Verbose: x\n']);
  });

  test('switched off, messages are text', () => {
    expect(read({}, [['stdout', '##octopus[stdout-warning]\n']], false)).toEqual([
      'stdout Info: ##octopus[stdout-warning]\n',
    ]);
  });
});

describe('error output', () => {
  const wroteErrors = (writes: Write[], options: { serviceMessages?: boolean; resume?: Position } = {}) => {
    const reader = new OutputReader(new SecretSet(), { serviceMessages: true, ...options });
    for (const [stream, text] of writes) reader.write(stream, Buffer.from(text), 0);
    reader.end();
    return reader.wroteErrors;
  };

  test.each<[what: string, writes: Write[], expected: boolean]>([
    ['what is written to stdout is none', [['stdout', 'error\n']], false],
    ['a word on stderr', [['stderr', 'x']], true],
    ['blanks are none', [['stderr', ' \t\r\n\n']], false],
    [
      'service messages are none',
      [['stderr', "##octopus[mask value='c2VjcmV0']\n##octopus[stderr-default]\n"]],
      false,
    ],
    ['a word after a service message', [['stderr', '##octopus[stderr-default]\nx\n']], true],
    ['a word that is not shown', [['stderr', '##octopus[stderr-ignore]\nx\n']], true],
  ])('%s', (_, writes, expected) => {
    expect(wroteErrors(writes)).toBe(expected);
  });

  test('a service message that is read as text is some', () => {
    expect(wroteErrors([['stderr', '##octopus[stderr-default]\n']], { serviceMessages: false })).toBe(true);
  });

  test('it is found again when the log is read again', () => {
    const resume = { cursor: 4, ahead: { stdout: 0, stderr: 0 } };
    expect(
      wroteErrors(
        [
          ['stderr', 'x\n'],
          ['stdout', 'y\n'],
        ],
        { resume },
      ),
    ).toBe(true);
  });
});

describe('secrets', () => {
  const sensitive = `${formatMessage('setVariable', { name: 'Token', value: 'tok-12345', sensitive: 'True' })}\n`;

  test('a sensitive output is masked from its message on, on both streams, in the same chunk too', () => {
    expect(
      read({}, [
        ['stdout', `tok-12345 ${sensitive}tok-12345\n`],
        ['stderr', 'dG9rLTEyMzQ1\n'],
      ]),
    ).toEqual([
      'stdout Info: tok-12345 ',
      'stdout Info: \n',
      'stdout Info: ********(Token)',
      'stdout Info: \n',
      'stderr Error: ********(Token)',
      'stderr Error: \n',
      'output Token=tok-12345 (sensitive)',
    ]);
  });

  test('what is foreseen on one stream is masked on the other before its message is read, and warned of there', () => {
    const few = new SecretSet([], { maxNeedles: 1 });
    const reader = new OutputReader(few, { serviceMessages: true });
    const message = Buffer.from(`${formatMessage('mask', { value: 'declared/later' })}\n`);
    reader.foresee('stdout', message);
    reader.write('stderr', Buffer.from('declared/later\n'), 1);
    reader.write('stdout', message, 2);
    reader.end();
    expect(show([reader.take()])).toEqual([
      'stderr Error: ********',
      'stderr Error: \n',
      expect.stringContaining('masked as it is, but not in every encoding'),
    ]);
  });

  test('a value that cannot be masked is said to be, by its name', () => {
    const text = `${formatMessage('setVariable', { name: 'Pin', value: '123', sensitive: 'True' })}\n${formatMessage('mask', { value: 'true' })}\n`;
    expect(read({}, [['stdout', text]])).toEqual([
      'stdout Warning: The value of Pin is too short, so it is not masked in the log.\n',
      'stdout Warning: A value that was to be masked is an ordinary word, so it is not masked in the log.\n',
      'output Pin=123 (sensitive)',
    ]);
  });

  test('the mask message works on stderr as well', () => {
    expect(
      read({}, [
        ['stderr', `${formatMessage('mask', { value: 'abcd1234' })}\n`],
        ['stdout', 'abcd1234'],
      ]),
    ).toEqual(['stdout Info: ********']);
  });

  test('an output that holds a secret is sensitive and arrives whole, though base64 of secrets is masked in text', () => {
    expect(
      read({ S: 'hunter2-x' }, [
        ['stdout', `${formatMessage('setVariable', { name: 'url', value: 'u:hunter2-x@h' })}\n`],
      ]),
    ).toEqual(['output url=u:hunter2-x@h (sensitive)']);
  });

  test('sentences of messages are masked', () => {
    const text = [
      formatMessage('resultMessage', { message: 'bad hunter2-x' }),
      formatMessage('progress', { percentage: '5', message: 'try hunter2-x' }),
      formatMessage('createArtifact', { path: 'a.txt', name: 'hunter2-x.txt' }),
    ].join('\n');
    expect(read({ S: 'hunter2-x' }, [['stdout', text]])).toEqual([
      'artifact a.txt as ********(S).txt',
      'progress 5 try ********(S)',
      'result bad ********(S)',
    ]);
  });

  test('a file whose path holds a secret is not collected: the path would be shown', () => {
    const text = `${formatMessage('createArtifact', { path: '/tmp/hunter2-x.txt' })}\n`;
    const lines = read({ S: 'hunter2-x' }, [['stdout', text]]);
    expect(lines).toEqual([
      expect.stringMatching(
        /^stdout Warning: The artifact "\*{8}\(S\)\.txt" is not collected: its path holds a secret/,
      ),
    ]);
  });

  test('a secret of two lines is found though a message stands between', () => {
    expect(
      read({ S: 'first-line\nsecond-line' }, [
        ['stdout', 'first-line\n##octopus[stdout-verbose]\nsecond-line\n'],
      ]),
    ).toEqual(['stdout Info: ********(S)', 'stdout Verbose: \n']);
  });

  test('a message that nobody acts on is not shown, its values might be secret', () => {
    expect(read({}, [['stdout', `${formatMessage('create-tokenaccount', { token: 'abc' })}\n`]])).toEqual([
      'stdout Warning: The service message create-tokenaccount was read, but nothing here acts on it.\n',
    ]);
  });

  test('what a message that nobody acts on calls sensitive is masked from then on', () => {
    const message = { key: 'k', value: 'of-the-state', sensitive: 'True' };
    const writes: Write[] = [['stdout', `${formatMessage('set-environmentstate', message)}\nof-the-state\n`]];
    expect(read({}, writes).at(-1)).toBe('stdout Info: \n');
    expect(read({}, writes).at(-2)).toBe('stdout Info: ********');
  });

  test('what was to declare a secret and cannot be read is not shown, in no encoding', () => {
    const line = `${formatMessage('setVariable', { name: 'n', value: 'secret', sensitive: 'True' }).replace("'", '')}\n`;
    expect(read({}, [['stdout', `${line}next\n`]])).toEqual([
      "stdout Warning: This is not a service message that can be read: its attributes are not of the form key='base64'. It may hold a secret, so it is not shown.\n",
      'stdout Info: next\n',
    ]);
  });

  test('when a secret cannot be learnt, the log ends there', () => {
    const set = new SecretSet();
    const reader = new OutputReader(set, { serviceMessages: true });
    set.add = () => {
      throw new Error('no memory');
    };
    expect(() => reader.write('stdout', Buffer.from(sensitive), 0)).toThrow(MaskingFailure);
    expect(() => reader.write('stdout', Buffer.from('x'), 0)).toThrow(MaskingFailure);
    expect(reader.take().runs).toEqual([]);
  });
});

describe('position', () => {
  test('the cursor stands where nothing is held back; what the other stream gave beyond it is counted', () => {
    const reader = new OutputReader(new SecretSet(named({ S: 'hidden-secret' })), { serviceMessages: true });
    const write = (stream: Stream, text: string) => reader.write(stream, Buffer.from(text), 0);
    write('stdout', 'abc\n');
    expect(reader.take()).toMatchObject({ cursor: 4, ahead: { stdout: 0, stderr: 0 } });
    write('stderr', 'x hidden-');
    write('stdout', 'more\n');
    expect(reader.take()).toMatchObject({ cursor: 6, ahead: { stdout: 5, stderr: 0 } });
    write('stdout', '##octo');
    expect(reader.take()).toMatchObject({ cursor: 6, ahead: { stdout: 5, stderr: 0 } });
    write('stderr', 'view\n');
    expect(reader.take()).toMatchObject({ cursor: 18, ahead: { stdout: 0, stderr: 5 } });
    reader.end();
    expect(reader.take()).toMatchObject({ cursor: 29, ahead: { stdout: 0, stderr: 0 } });
  });

  test('a reader that starts again gives exactly the rest, wherever the first one stopped', () => {
    const random = new Random();
    const pieces = [
      'text\n',
      'hidden',
      '-secret',
      'hidden-secret',
      '\n',
      '#',
      '##octopus[',
      ']',
      'aGlkZGVuLXNlY3JldA',
      '==',
      'learnt-1',
      'learnt',
      '##octopus[stdout-verbose]\n',
      '##octopus[stderr-progress]\n',
      '##octopus[stdout-default]',
      'tail ##octopus[nonsense]\n',
      formatMessage('mask', { value: 'learnt-1' }),
      `${formatMessage('setVariable', { name: 'n', value: 'v' })}\n`,
      "##octopus[mask value='?']",
      "##octopus[setVariable name='",
    ];
    for (let round = 0; round < 300; round++) {
      const writes: Write[] = Array.from({ length: 2 + random.below(14) }, () => [
        random.pick<Stream>(['stdout', 'stderr']),
        Buffer.from(random.pick(pieces)),
      ]);
      const whole = perStream(run(writes));
      const stop = random.below(writes.length);
      const first = run(writes.slice(0, stop), undefined, false);
      const position = first.at(-1) as Position | undefined;
      // The second reader gets the same bytes in other chunks.
      const cut = writes.flatMap(([stream, text]) =>
        random.chunks(Buffer.from(text), 5).map((chunk): Write => [stream, chunk]),
      );
      expect(perStream([...first, ...run(cut, position)]), `seed ${random.seed}, round ${round}`).toEqual(
        whole,
      );
    }
  });
});

function run(writes: Write[], resume?: Position, toTheEnd = true): OutputBatch[] {
  const secrets = new SecretSet(named({ S: 'hidden-secret' }));
  const reader = new OutputReader(
    secrets,
    resume === undefined ? { serviceMessages: true } : { serviceMessages: true, resume },
  );
  const batches: OutputBatch[] = [];
  for (const [stream, text] of writes) {
    reader.write(stream, Buffer.from(text), 0);
    batches.push(copied(reader.take()));
  }
  if (toTheEnd) {
    reader.end();
    batches.push(copied(reader.take()));
  }
  return batches;
}

function copied(batch: OutputBatch): OutputBatch {
  return { ...batch, runs: batch.runs.map((run) => ({ ...run, bytes: Uint8Array.from(run.bytes) })) };
}

/** Order between streams is physical nonsense and how text is cut into runs means nothing: compare what is left. */
function perStream(batches: OutputBatch[]) {
  const text: Record<string, string> = { stdout: '', stderr: '' };
  const level: Record<string, string> = {};
  for (const { stream, level: now, bytes } of batches.flatMap((batch) => batch.runs)) {
    if (level[stream] !== now) text[stream] += `<${now}>`;
    level[stream] = now;
    text[stream] += Buffer.from(bytes).toString('latin1');
  }
  return { text, outputs: batches.flatMap((batch) => batch.outputs) };
}
