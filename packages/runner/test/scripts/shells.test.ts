import { describe, expect, test } from 'vitest';
import { Random } from '../masking/oracle.ts';
import { run, shells } from './run.ts';

const NASTY = `  it's "quoted" \\ \`back\` $HOME \${x} * ? [a]\té—😀\n\nlast line -n %s \\n  `;

describe.each(shells)('$name', (shell) => {
  test('reads variables exactly, in any case of their name, and nothing for an unknown one', () => {
    const variables = { 'Db.Password': NASTY, DB: 'upper', db: 'lower', "odd 'name' *é": 'odd', Empty: '' };
    const body = `
      printf '[%s]' "$(get_octopusvariable 'Db.Password'; printf x)" "$(get_octopusvariable 'db.PASSWORD'; printf x)"
      printf '<%s>' "$(get_octopusvariable DB)" "$(get_octopusvariable db)" "$(get_octopusvariable Db)"
      printf '<%s>' "$(get_octopusvariable "odd 'name' *é")" "$(get_octopusvariable Empty)" "$(get_octopusvariable nothing)"
      printf '<%s>' "$(get_octopusvariable env:GREETING)" "$(get_octopusvariable 'env:x}; echo bad')" "$(get_octopusvariable 'D*')"`;
    const ran = run(shell, body, { variables, environment: { GREETING: 'hello $x' } });
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toBe(`[${NASTY}x][${NASTY}x]<upper><lower><upper><odd><><><hello $x><><>`);
  });

  test('sets output variables, also empty, sensitive, and of 64 kB', () => {
    const big = 'x'.repeat(65_536);
    const body = `
      set_octopusvariable plain "$(get_octopusvariable nasty; printf .)"
      set_octopusvariable empty ''
      set_octopusvariable token 'tok-12345' -sensitive
      set_octopusvariable -n --
      set_octopusvariable big "$(get_octopusvariable big)"`;
    const ran = run(shell, body, { variables: { nasty: NASTY, big } });
    expect(ran.stderr).toBe('');
    expect(ran.variables).toEqual({ plain: `${NASTY}.`, empty: '', token: 'tok-12345', '-n': '--', big });
    expect(ran.sensitive).toEqual(['token']);
    expect(ran.stdout).toBe('');
  });

  test('levels keep blanks and stars as they are', () => {
    const ran = run(
      shell,
      `write_verbose "a   b *"\nwrite_highlight b c\nwrite_wait d\nwrite_warning "e\nf"\necho g`,
    );
    expect(ran.levels).toEqual([
      'Verbose: a   b *\n',
      'Highlight: b c\n',
      'Wait: d\n',
      'Warning: e\nf\n',
      'Info: g\n',
    ]);
  });

  test('artifacts have absolute paths; a missing one fails the step', () => {
    const ran = run(
      shell,
      `: > 'a b.txt'\nnew_octopusartifact 'a b.txt'\nnew_octopusartifact "$PWD/a b.txt" other`,
    );
    expect(ran.artifacts).toEqual([
      { path: `${ran.work}/a b.txt`, name: 'a b.txt' },
      { path: `${ran.work}/a b.txt`, name: 'other' },
    ]);
    const missing = run(shell, 'new_octopusartifact none.txt\necho not reached');
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/there is no file "none.txt" in .*\/work\n/);
    expect(missing.stdout).toBe('');
  });

  test('progress, and failing with a sentence', () => {
    const ran = run(shell, `update_progress 40 'half way'\nfail_step "it's broken"\necho not reached`);
    expect(ran.progress).toEqual({ percentage: 40, message: 'half way' });
    expect([ran.code, ran.result, ran.stdout]).toEqual([1, "it's broken", '']);
    expect(run(shell, 'fail_step').code).toBe(1);
  });

  test('all of it works under set -eu, IFS changed, LC_ALL set, in the middle of getopts', () => {
    const body = `
      set -eu
      IFS=:
      set -- -a -b
      getopts ab first
      write_verbose a b
      set_octopusvariable name "$(get_octopusvariable 'value')"
      get_octopusvariable missing
      update_progress 1
      getopts ab second
      printf '%s' "$first$second$#$IFS"`;
    const ran = run(shell, body, { variables: { value: 'é:ü' }, environment: { LC_ALL: 'C.UTF-8' } });
    expect([ran.code, ran.stderr, ran.stdout]).toEqual([0, '', 'a b\nab2:']);
    expect(ran.variables).toEqual({ name: 'é:ü' });
  });

  test("the script's own variables are not in the way, also read-only ones and integers", () => {
    const names = [
      ...[
        'a',
        'b',
        'c',
        'at',
        'bits',
        'code',
        'count',
        'digit',
        'digits',
        'document',
        'encoded',
        'id',
        'inputs',
      ],
      ...['kind', 'level', 'line', 'message', 'name', 'newline', 'number', 'option', 'out', 'piece', 'pool'],
      ...['quoted', 'rest', 'roles', 'shift', 'text', 'update', 'word'],
    ];
    const body = `set -eu
      for each in ${names.join(' ')}; do eval "$each=7; readonly $each"; done
      readonly each
      write_highlight one two
      set_octopusvariable plain "$(get_octopusvariable value)"
      update_progress 5 half
      encode_servicemessagevalue abc
      decode_servicemessagevalue YWJj
      new_octopustarget --name n --target-id t --inputs {} --roles r --worker-pool p --update-if-existing
      printf 'a: 1\n' > m.yaml
      report_kubernetes_manifest_file m.yaml
      fail_step "sentence"`;
    const ran = run(shell, body, { variables: { value: "it's" } });
    expect([ran.code, ran.stderr, ran.result]).toEqual([1, '', 'sentence']);
    expect(ran.stdout).toContain('one two\nYWJjabc');
    expect(ran.variables).toEqual({ plain: "it's" });
    expect(ran.progress).toEqual({ percentage: 5, message: 'half' });
    expect(ran.messages).toContain('k8s-manifest-applied manifest=a: 1\n');
    const integer = run(
      shell,
      `(typeset -i x) 2>/dev/null && typeset -i message count\nwrite_wait a\nset_octopusvariable b c`,
    );
    expect([integer.stdout, integer.variables]).toEqual(['a\n', { b: 'c' }]);
  });

  test('leaves no variable behind', () => {
    const names = `(set -o posix) 2>/dev/null && set -o posix; set; echo '----'`;
    const calls = 'set_octopusvariable a b\nwrite_wait c\nget_octopusvariable d\nupdate_progress 1';
    // What shells set by themselves when anything is called.
    const own = new Set(['_', 'BASH_REMATCH', 'PIPESTATUS']);
    const [before = [], , after] = run(shell, `${names}\n${calls}\necho ----\n${names}`)
      .stdout.split('----\n')
      .map((text) => [...text.matchAll(/^([A-Za-z_]\w*)(?==|$)/gm)].map(([, name = '']) => name))
      .map((found) => found.filter((name) => !own.has(name)).sort());
    expect(before.length).toBeGreaterThan(3);
    expect(after).toEqual(before);
  });

  test('encodes and decodes the values of messages', () => {
    const body = `
      set -eu
      printf '<%s>' "$(encode_servicemessagevalue "$(get_octopusvariable nasty; printf .)")"
      printf '<%s>' "$(decode_servicemessagevalue "$(encode_servicemessagevalue "$(get_octopusvariable nasty; printf .)")")"
      printf '<%s>' "$(decode_servicemessagevalue 'YQ==')" "$(decode_servicemessagevalue 'Y W I=')" "$(decode_servicemessagevalue '')"`;
    const ran = run(shell, body, { variables: { nasty: NASTY } });
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toBe(`<${Buffer.from(`${NASTY}.`).toString('base64')}><${NASTY}.><a><ab><>`);
  });

  test('knows the functions whose messages nobody acts on here, so that scripts go on', () => {
    const ran = run(
      shell,
      `set -eu
      set_environmentstate 'blue green' 'a b'
      set_environmentstate token secret -sensitive
      set_environmentstate k v Custom
      set_environmenturl site https://a.example/?b=c
      new_octopustarget -n 'the name' --target-id id --inputs '{"a": 1}' --roles web,db --worker-pool Linux --update-if-existing
      remove_octopustarget Targets-1
      report_kubernetes_manifest 'kind: Pod' blue
      printf 'a: 1\n---\nb: 2\n---\n' > m.yaml
      report_kubernetes_manifest_file m.yaml
      log_environment_information
      echo end`,
    );
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/end\n$/);
    const quiet = ran.messages.filter((message) => !message.startsWith('stdout-'));
    expect(quiet).toEqual([
      'set-environmentstate key=blue green value=a b type=State',
      'set-environmentstate key=token value=secret type=State sensitive=True',
      'set-environmentstate key=k value=v type=Custom',
      'set-environmentstate key=site value=https://a.example/?b=c type=Url',
      'createStepPackageTarget name=the name targetid=id inputs={"a": 1} octopusroles=web,db octopusdefaultworkerpoolidorname=Linux updateifexisting=True',
      'delete-target machine=Targets-1',
      'k8s-manifest-applied manifest=kind: Pod ns=blue',
      'k8s-manifest-applied manifest=a: 1\n',
      'k8s-manifest-applied manifest=b: 2\n',
    ]);
    expect(run(shell, 'new_octopustarget --what x').code).toBe(1);
  });

  test('set -x shows no value that the script does not show itself', () => {
    const ran = run(shell, `set -x\nset_octopusvariable a b\nx=$(get_octopusvariable name)`, {
      variables: { other: 'canary-1' },
    });
    expect(ran.stderr).not.toContain('canary-1');
  });

  test('set -x shows the calls of functions that the script makes, and nothing of their inside', () => {
    const calls = [
      'set_octopusvariable Pw hunter2 -sensitive',
      'set_octopusvariable a b',
      'update_progress 5 half',
      'write_verbose c',
      'write_highlight d',
      'write_wait e',
      'write_warning f',
      'set_environmentstate k v -sensitive',
      'set_environmenturl k u',
      'remove_octopustarget web',
      'new_octopustarget --name n --target-id t --inputs {}',
      'report_kubernetes_manifest yaml',
      'new_octopusartifact /dev/null null',
      'get_octopusvariable a',
      'encode_servicemessagevalue a',
      'decode_servicemessagevalue YQ==',
      'log_environment_information',
      'fail_step no',
    ];
    const ran = run(shell, ['set -x', ...calls].join('\n'));
    expect(ran.code).toBe(1);
    const traced = ran.stderr.split('\n').filter((line) => line !== '');
    expect(
      traced.map((line) => line.replace(/^\++ /, '').replaceAll("'", '').replace('********(Pw)', 'hunter2')),
    ).toEqual([...calls, 'exit 1']);
  });

  test("the exit code is the script's own: of exit, of the last command, of a syntax error", () => {
    expect(run(shell, 'exit 42').code).toBe(42);
    expect(run(shell, 'false').code).toBe(1);
    expect(run(shell, 'false\ntrue').code).toBe(0);
    expect(run(shell, 'if (').code).not.toBe(0);
    expect(run(shell, 'set -e\nfalse\necho not reached').stdout).toBe('');
  });

  test('parameters are words, not commands', () => {
    const ran = run(shell, `printf '<%s>' "$#" "$@"`, {
      parameters: `one "two 2" 'th"ree' a\\ b '' $(id) ; * {files}`,
    });
    expect(ran.stdout).toBe('<9><one><two 2><th"ree><a b><><$(id)><;><*><{files}>');
  });

  test('works in its own directory; lines may end as on Windows', () => {
    expect(run(shell, 'pwd\r\necho a\r\n').stdout).toMatch(/\/work\na\n$/);
  });

  test('random text comes through, there and back', () => {
    const random = new Random();
    const variables: Record<string, string> = {};
    for (let i = 0; i < 40; i++) variables[`v${i}`] = randomText(random);
    const body = Object.keys(variables)
      .map((name) => `x=$(get_octopusvariable ${name}; printf .)\nset_octopusvariable ${name} "\${x%.}"`)
      .join('\n');
    const ran = run(shell, `set -eu\n${body}`, { variables });
    expect(ran.stderr).toBe('');
    expect(ran.variables, `seed ${random.seed}`).toEqual(variables);
  });
});

test.each(shells.filter(({ syntax }) => syntax === 'Bash'))('$name has octopus_parameters', (bash) => {
  const body = `set -u\nprintf '<%s>' "\${octopus_parameters[A b]}" "\${#octopus_parameters[@]}"`;
  expect(run(bash, body, { variables: { 'A b': NASTY, c: 'd' } }).stdout).toBe(`<${NASTY}><2>`);
});

test.each(shells.filter(({ syntax }) => syntax === 'Bash'))("$name has Octopus's own name for it", (bash) => {
  expect(run(bash, 'remove-octopustarget Targets-1').messages).toEqual(['delete-target machine=Targets-1']);
});

/** Unicode of every length in UTF-8, control characters, and what shells and formats take for their own. */
function randomText(random: Random): string {
  const pieces = [
    "'",
    '"',
    '\\',
    '$',
    '`',
    '%',
    ':',
    '-',
    '?',
    '*',
    '\n',
    '\r',
    '\t',
    ' ',
    '\x01',
    '\x7f',
    '\u0080',
    '\u0081',
    '\u00ff',
    'é',
    '—',
    '😀',
    '\ufeff',
  ];
  let text = '';
  for (let length = random.below(150); length > 0; length--) {
    const kind = random.below(3);
    if (kind === 0) text += random.pick(pieces);
    else if (kind === 1) text += String.fromCharCode(1 + random.below(126));
    else text += String.fromCodePoint(0x80 + random.below(0xd800 - 0x80));
  }
  return text;
}
