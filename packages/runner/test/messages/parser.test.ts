import { describe, expect, test } from 'vitest';
import { formatMessage, MessageParser, parseBody } from '../../src/messages/index.ts';
import { Random } from '../masking/oracle.ts';

/** What the parser makes of chunks: text as it is, `<effect>` and `!reason` in their places. */
function read(...chunks: Array<string | Uint8Array>): string {
  let out = '';
  const texts: Array<[from: number, length: number]> = [];
  const parser = new MessageParser({
    text: (bytes, from) => {
      texts.push([from, bytes.length]);
      out += Buffer.from(bytes).toString('latin1');
    },
    effect: (effect, name) => {
      out += `<${name} ${JSON.stringify(Object.values(effect).slice(1)).slice(1, -1)}>`;
    },
    malformed: (reason) => {
      out += `!${reason}!`;
    },
  });
  for (const chunk of chunks) parser.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  parser.flush();
  return out;
}

describe('grammar', () => {
  test('values may be quoted with either quote; attribute names have no case', () => {
    expect(parseBody(`setVariable Name='YQ==' VALUE="Yg=="`)).toEqual({
      message: {
        name: 'setVariable',
        attributes: new Map([
          ['name', 'a'],
          ['value', 'b'],
        ]),
      },
    });
  });

  test('formatMessage writes what parseBody reads, whatever the text', () => {
    const line = formatMessage('setVariable', { name: 'é ]\n\'"', value: '' });
    const parsed = parseBody(line.slice('##octopus['.length, -1));
    expect('message' in parsed && [...parsed.message.attributes]).toEqual([
      ['name', 'é ]\n\'"'],
      ['value', ''],
    ]);
  });

  test.each([
    ['', 'it has no name'],
    ["x a='?'", 'the value of a is not base64'],
    ["x a='YQ==' A='YQ=='", 'attribute a appears twice'],
    ['x a=YQ==', "its attributes are not of the form key='base64'"],
    [
      `x${" a='YQ=='".replaceAll('a', 'a').repeat(1)} junk`,
      "its attributes are not of the form key='base64'",
    ],
  ])('%j is malformed', (body, reason) => {
    expect(parseBody(body)).toEqual({ malformed: reason });
  });
});

describe('text and messages', () => {
  test('a message takes its line with it', () => {
    expect(read('a\n##octopus[stdout-verbose]\nb\n')).toBe('a\n<stdout-verbose "stdout","Verbose">b\n');
    expect(read('a\r\n##octopus[stdout-verbose]\r\nb\r\n')).toBe(
      'a\r\n<stdout-verbose "stdout","Verbose">b\r\n',
    );
  });

  test('text before and after it on its line become lines of their own', () => {
    expect(read('before##octopus[stdout-wait]after\n')).toBe('before\n<stdout-wait "stdout","Wait">after\n');
    expect(read('##octopus[stdout-wait]##octopus[stdout-default]x')).toBe(
      '<stdout-wait "stdout","Wait"><stdout-default "stdout","Info">x',
    );
  });

  test('an empty value arrives', () => {
    expect(read("##octopus[setVariable name='YQ==' value='']\n")).toBe(
      '<setVariable {"name":"a","value":"","sensitive":false}>',
    );
  });

  test('sensitive, artifact, progress, result', () => {
    expect(read(`${formatMessage('setVariable', { name: 'a', value: 'b', sensitive: 'True' })}\n`)).toBe(
      '<setVariable {"name":"a","value":"b","sensitive":true}>',
    );
    expect(read(formatMessage('createArtifact', { path: '/a/b c.txt', length: '3' }))).toBe(
      '<createArtifact {"path":"/a/b c.txt","name":"b c.txt"}>',
    );
    expect(read(formatMessage('progress', { percentage: '120', message: 'm' }))).toBe('<progress 100,"m">');
    expect(read(formatMessage('resultMessage', { message: 'é' }))).toBe('<resultMessage "é">');
  });

  test('unknown messages stay text; malformed ones too, after a warning', () => {
    expect(read("x ##octopus[nobody knows='YQ==']\n")).toBe("x ##octopus[nobody knows='YQ==']\n");
    expect(read("x ##octopus[setVariable name='YQ==']\n")).toBe(
      "x \n!it has no value!##octopus[setVariable name='YQ==']\n",
    );
    expect(read("##octopus[progress percentage='YQ==']\n")).toContain(
      '!its percentage is not a whole number!',
    );
  });

  test('a message that does not end on its line is text', () => {
    expect(read('##octopus[stdout-verbose\n]\n')).toBe('##octopus[stdout-verbose\n]\n');
    expect(read('##octopus[stdout-verbose')).toBe('##octopus[stdout-verbose');
    expect(read('##octo', 'pus and ##oct')).toBe('##octopus and ##oct');
  });

  test('more signs before the prefix do not hide it', () => {
    expect(read('###octopus[stdout-wait]\n')).toBe('#\n<stdout-wait "stdout","Wait">');
    expect(read('#', '#', '#', '#octopus[stdout-wait]')).toBe('##\n<stdout-wait "stdout","Wait">');
  });

  test('bytes that are not UTF-8 pass unchanged', () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, i) => i & 0xff);
    expect(read(bytes)).toBe(Buffer.from(bytes).toString('latin1'));
  });
});

describe('bounds', () => {
  test('a line of 50 MB is passed on in views of its chunks, nothing is kept', () => {
    const chunk = Buffer.alloc(1_000_000, 'x');
    let passed = 0;
    const parser = new MessageParser({
      text: (bytes) => {
        expect(bytes.buffer).toBe(chunk.buffer);
        passed += bytes.length;
      },
      effect: () => {},
      malformed: () => {},
    });
    for (let i = 1; i <= 50; i++) {
      parser.write(chunk);
      expect(parser.settled).toBe(i * 1_000_000);
    }
    expect(passed).toBe(50_000_000);
  });

  test('a message longer than 1 MiB is text, after a warning', () => {
    const chunks = Array.from({ length: 20 }, () => 'A'.repeat(100_000));
    const out = read("##octopus[progress message='", ...chunks, "']\nnext\n");
    expect(out.startsWith("!it is longer than 1048576 bytes!##octopus[progress message='AAAA")).toBe(true);
    expect(out.endsWith("A']\nnext\n")).toBe(true);
  });
});

describe('what was to declare a secret and cannot be read is not shown: nothing would mask it', () => {
  const hidden = (reason: string) => `!${reason}. It may hold a secret, so it is not shown!`;

  test.each(['mask', 'setVariable'])('%s, longer than 1 MiB', (name) => {
    const chunks = Array.from({ length: 20 }, () => 'A'.repeat(100_000));
    for (const parts of [chunks, [chunks.join('')]]) {
      expect(read(`x##octopus[${name} value='`, ...parts, "' sensitive='VHJ1ZQ==']\nnext\n")).toBe(
        `x\n${hidden('it is longer than 1048576 bytes')}next\n`,
      );
      expect(read(`##octopus[${name} value='`, ...parts, '\nnext\n')).toBe(
        `${hidden('it is longer than 1048576 bytes')}next\n`,
      );
    }
  });

  test.each(['mask', 'setVariable'])('%s, whose end is missing', (name) => {
    expect(read(`##octopus[${name} value='c2Vj\ncmV0']\n`)).toBe(
      `${hidden('its line ends before it does')}cmV0']\n`,
    );
    expect(read(`##octopus[${name} value='c2Vj`)).toBe(hidden('the output ends in the middle of it'));
  });

  test('values that only look like base64: a secret that was given as it is', () => {
    const reason = 'the value of value is not base64 of UTF-8';
    expect(read(`##octopus[mask value='hunter2hunter2xx']\nnext`)).toBe(`${hidden(reason)}next`);
  });

  test('values that are not base64, or are missing', () => {
    expect(read("##octopus[mask value='open-sesame!']\nnext")).toBe(
      `${hidden('the value of value is not base64')}next`,
    );
    expect(read("##octopus[mask text='c2VjcmV0']\r\nnext")).toBe(`${hidden('it has no value')}next`);
    const sensitive = "name='YQ==' value='open-sesame!' sensitive='VHJ1ZQ=='";
    expect(read(`##octopus[setVariable ${sensitive}]\n`)).toBe(hidden('the value of value is not base64'));
  });
});

test('the same, whatever the chunks', () => {
  const random = new Random();
  const pieces = [
    '#',
    '##',
    '##octopus',
    '##octopus[',
    ']',
    '\n',
    '\r\n',
    '\r',
    'text ',
    'é',
    '##octopus[stdout-verbose]',
    '##octopus[stderr-progress]\n',
    "##octopus[setVariable name='YQ==' value='Yg==']",
    '##octopus[x',
    '##octopus[]',
    "##octopus[mask value='Yg==",
    "##octopus[setVariable name='YQ==' value='?' sensitive='VHJ1ZQ==']",
    `${formatMessage('mask', { value: 'hidden' })}\r\n`,
  ];
  for (let round = 0; round < 500; round++) {
    const text = Buffer.from(Array.from({ length: random.below(20) }, () => random.pick(pieces)).join(''));
    const whole = read(text);
    for (const longest of [1, 4, 30])
      expect(read(...random.chunks(text, longest)), `seed ${random.seed}`).toBe(whole);
  }
});
