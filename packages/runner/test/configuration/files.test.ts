/**
 * Which files are replaced, that nothing outside of the step's directory ever is, and that no sensitive value is written to
 * a disk.
 */
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { FileConfiguration } from '@argonaut/contracts/attempt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkApart } from '../../src/configuration/apart.ts';
import { type Bounds, compilePatterns, configureStep } from '../../src/configuration/index.ts';
import { createLocalFiles } from '../../src/local/index.ts';

const signal = AbortSignal.timeout(300_000);

describe('patterns', () => {
  it.each([
    ['*.json', ['a.json'], ['a.jsonx', 'b/a.json']],
    ['**/*.json', ['a.json', 'b/c/a.json'], ['a.js']],
    ['b/**/a.?', ['b/a.x', 'b/c/d/a.y'], ['a.x', 'b/a.xy']],
    ['config/{app,web}*.y{a,}ml', ['config/app.yml', 'config/web.prod.yaml'], ['config/x.yml']],
    ['.\\b\\a.txt', ['b/a.txt'], ['a.txt']],
    ['a[1]+(b).txt', ['a[1]+(b).txt'], ['a1b.txt']],
  ])('%s', (pattern, yes, no) => {
    const [compiled] = compilePatterns(pattern);
    for (const path of yes) expect([path, compiled?.matches(path)]).toEqual([path, true]);
    for (const path of no) expect([path, compiled?.matches(path)]).toEqual([path, false]);
  });

  it.each(['../x', 'a/../../x', '/etc/passwd', 'C:\\x', 'a/{b,..}/x'])(
    '%s leads out and is refused',
    (pattern) => {
      expect(() => compilePatterns(pattern)).toThrow('leads out');
    },
  );

  it('with too many alternatives are refused', () => {
    expect(() => compilePatterns('{a,b}'.repeat(20))).toThrow('alternatives');
  });

  it('made to be slow are not', () => {
    const [name] = compilePatterns(`${'*a'.repeat(100)}b`);
    expect(name?.matches('a'.repeat(10_000))).toBe(false);
    const [path] = compilePatterns(`${'**/a/'.repeat(100)}b`);
    expect(path?.matches('a/'.repeat(2000))).toBe(false);
  });
});

const VARIABLES = {
  A: '1',
  port: '8080',
  Password: 'hunter2-secret',
  Connection: 'user=app;password=#{Password}',
  Answer: 'no',
  Circle: '#{Circle}',
};

describe('configureStep', () => {
  const files = createLocalFiles();
  let root: string;
  let step: string;
  let originals: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'argonaut-configuration-'));
    step = join(root, 'step');
    originals = join(root, 'originals');
    await mkdir(join(step, 'web'), { recursive: true });
    await writeFile(join(root, 'outside.txt'), '#{A}');
    await writeFile(join(step, 'run.sh'), 'echo #{A}');
    await chmod(join(step, 'run.sh'), 0o751);
    await writeFile(join(step, 'web', 'app.json'), '{"port": 80, "note": "#{A}"}');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const configure = (
    wanted: Partial<FileConfiguration>,
    time: 'first' | 'again' = 'first',
    until = signal,
    bounds?: Bounds,
  ) =>
    configureStep(
      { files, work: step, originals, lateFiles: '/late' },
      { variables: VARIABLES, sensitive: [], nowMs: 0, ...wanted },
      time,
      until,
      bounds,
    );
  const structure = (targets: string, failOnUnresolved = false) => ({
    structured: { targets, jsonOnly: false, failOnUnresolved },
  });
  const substitute = (targets: string, options: { fail?: boolean; warn?: boolean } = {}) => ({
    targets,
    failOnUnresolved: options.fail ?? false,
    warnOfNoMatch: options.warn ?? true,
  });
  const text = (path: string) => readFile(join(step, path), 'utf8');

  it('substitutes first, then replaces values, keeps permissions, and leaves nothing behind', async () => {
    const { lines, lateFiles } = await configure({
      substitute: substitute('**/*.json\n*.sh\n'),
      structured: { targets: 'web/*.json', jsonOnly: false, failOnUnresolved: false },
    });
    expect(await text('run.sh')).toBe('echo 1');
    expect((await stat(join(step, 'run.sh'))).mode & 0o777).toBe(0o751);
    expect(await text('web/app.json')).toBe('{"port": 8080, "note": "1"}');
    expect(lateFiles).toEqual([]);
    expect(lines).toEqual([
      { level: 'Verbose', message: 'run.sh: variables were substituted.' },
      { level: 'Verbose', message: 'web/app.json: variables were substituted.' },
      { level: 'Verbose', message: 'web/app.json: replaced port.' },
    ]);
    expect(await readdir(step)).toEqual(['run.sh', 'web']);
    expect(await readdir(join(step, 'web'))).toEqual(['app.json']);
  });

  it('follows no link, neither to a file nor to a directory, and says so', async () => {
    await mkdir(join(root, 'other'));
    await writeFile(join(root, 'other', 'deep.txt'), '#{A}');
    await symlink(join(root, 'outside.txt'), join(step, 'link.txt'));
    await symlink(join(root, 'other'), join(step, 'dir'));
    const { lines } = await configure({ substitute: substitute('**/*.txt') });
    expect(await readFile(join(root, 'outside.txt'), 'utf8')).toBe('#{A}');
    expect(await readFile(join(root, 'other/deep.txt'), 'utf8')).toBe('#{A}');
    expect(lines.map(({ message }) => message).join()).toContain('link.txt is a link');
  });

  it('warns of a pattern that matches nothing, unless told not to', async () => {
    const one = await configure({ substitute: substitute('*.nothing') });
    expect(one.lines).toEqual([{ level: 'Warning', message: expect.stringContaining('"*.nothing"') }]);
    expect((await configure({ substitute: substitute('*.nothing', { warn: false }) })).lines).toEqual([]);
  });

  it('leaves what is unresolved with a warning, or fails with the place when that is wanted', async () => {
    await writeFile(join(step, 'm.txt'), '#{A} #{Missing}');
    await expect(configure({ substitute: substitute('m.txt', { fail: true }) })).rejects.toThrow(
      /^m\.txt: .*Missing/,
    );
    expect(await text('m.txt')).toBe('#{A} #{Missing}');
    const { lines } = await configure({ substitute: substitute('m.txt') });
    expect(await text('m.txt')).toBe('1 #{Missing}');
    expect(lines).toContainEqual({ level: 'Warning', message: expect.stringContaining('m.txt: ') });
  });

  it('names the file that cannot be worked out', async () => {
    await writeFile(join(step, 'c.txt'), '#{Circle}');
    await expect(configure({ substitute: substitute('c.txt') })).rejects.toThrow(/^c\.txt: /);
    await expect(
      configure({ structured: { targets: 'run.sh', jsonOnly: true, failOnUnresolved: false } }),
    ).rejects.toThrow(/run\.sh: It is not JSON/);
  });

  describe('structured configuration', () => {
    const variables = { a: '1 #{Missing}', b: '#{Circle}', Circle: '#{Circle}', c: '#{ | null}' };

    it('puts in what is unresolved with a warning, or fails when that is wanted', async () => {
      await writeFile(join(step, 'x.json'), '{"a": "x", "c": "stays"}');
      await expect(configure({ variables, ...structure('x.json', true) })).rejects.toThrow(
        /^x\.json: .*"a".*Missing/,
      );
      const { lines } = await configure({ variables, ...structure('x.json') });
      expect(await text('x.json')).toBe('{"a": "1 #{Missing}", "c": "stays"}');
      expect(lines).toContainEqual({
        level: 'Warning',
        message: expect.stringMatching(/^x\.json: .*"a".*Missing/),
      });
    });

    it('fails for a value that cannot be worked out, if a file uses it', async () => {
      await writeFile(join(step, 'x.json'), '{"b": "x"}');
      await writeFile(join(step, 'y.json'), '{"other": "x"}');
      expect((await configure({ variables, ...structure('y.json') })).lines).toEqual([
        { level: 'Verbose', message: expect.stringContaining('no variable names a value') },
      ]);
      await expect(configure({ variables, ...structure('x.json') })).rejects.toThrow(
        /^x\.json: The variable "b" cannot be used: .*refers to itself/,
      );
    });

    it('reads lists of any length', async () => {
      await writeFile(join(step, 'x.json'), `{"list": [${'0,'.repeat(200_000)}1], "a": "x"}`);
      await configure({ variables: { a: 'y', 'list:199999': '5' }, ...structure('x.json') });
      expect((await text('x.json')).slice(-18)).toBe('0,0,5,1], "a": "y"}'.slice(-18));
    });

    it('bounds what goes into one file', async () => {
      await writeFile(join(step, 'x.yml'), 'a:\n'.repeat(1000));
      await expect(
        configure({ variables: { a: 'x'.repeat(10_000) }, ...structure('x.yml') }),
      ).rejects.toThrow(/^x\.yml: .*characters together/);
    });
  });

  describe('what takes too much', () => {
    const bounds = { workMs: 60_000, memoryMegabytes: 512 };
    beforeEach(() => writeFile(join(step, 'x.yml'), `[${'a,'.repeat(500_000)}]`));

    it('time ends with the name of the file, and the process goes on meanwhile', async () => {
      let ticks = 0;
      const ticking = setInterval(() => ticks++, 5);
      const working = configure(structure('x.yml'), 'first', signal, { ...bounds, workMs: 500 });
      await expect(working).rejects.toThrow(/^x\.yml: it was not done after 0.5 s/);
      clearInterval(ticking);
      expect(ticks).toBeGreaterThan(2);
    });

    it('memory ends with the name of the file', async () => {
      const working = configure(structure('x.yml'), 'first', signal, { ...bounds, memoryMegabytes: 60 });
      await expect(working).rejects.toThrow(/^x\.yml: it needs more than 60 MB/);
    });

    it('only one step at a time has a thread; one that waits can be cancelled, and the next gets its turn', async () => {
      let alive = 0;
      let most = 0;
      const count = (thread: Worker): void => {
        most = Math.max(most, ++alive);
        thread.once('exit', () => alive--);
      };
      process.on('worker', count);
      const configuration = { variables: { a: 'y' }, sensitive: [], nowMs: 0, ...structure('a.yml') };
      const work = async (until: AbortSignal) => {
        await using apart = new WorkApart(configuration);
        const { worked } = await apart.file('a.yml', Buffer.from('a: x'), until);
        return Buffer.from(worked.bytes).toString();
      };
      const leaves = new AbortController();
      const first = work(signal);
      const second = work(leaves.signal);
      const third = work(signal);
      leaves.abort(new Error('enough'));
      await expect(second).rejects.toThrow('enough');
      expect(await Promise.all([first, third])).toEqual(['a: y', 'a: y']);
      process.off('worker', count);
      expect([most, alive]).toEqual([1, 0]);
    });

    it('long values are worked on in the thread, too, where they may be read as a mapping', async () => {
      let threads = 0;
      const count = (): number => ++threads;
      process.on('worker', count);
      await writeFile(join(step, 'small.yml'), 'a:\n  b: 1\n');
      const variables = { a: `[${'x,'.repeat(150_000)}]` };
      await configure({ variables, substitute: substitute('small.yml') });
      expect(threads).toBe(0);
      await configure({ variables, ...structure('small.yml') });
      process.off('worker', count);
      expect(threads).toBe(1);
      expect((await text('small.yml')).length).toBeGreaterThan(150_000);
    });

    it('time ends when the step is cancelled', async () => {
      const abort = new AbortController();
      const working = configure(structure('x.yml'), 'first', abort.signal);
      setTimeout(() => abort.abort(new Error('enough')), 300);
      await expect(working).rejects.toThrow('enough');
    });
  });

  it('leaves bytes alone that are no text', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await writeFile(join(step, 'b.bin'), bytes);
    await configure({ substitute: substitute('*.bin') });
    expect(await readFile(join(step, 'b.bin'))).toEqual(bytes);
  });

  it('ends when it is told to', async () => {
    await expect(configure({ substitute: substitute('*') }, 'first', AbortSignal.abort())).rejects.toThrow();
  });

  it('makes a script of a package ready for its shell, and says which files there are when it is not there', async () => {
    await writeFile(join(step, 'deploy.sh'), Buffer.from('\ufeffecho #{A}\r\necho ${#x}\r\n'));
    await configure({ script: { path: 'deploy.sh', posix: true } });
    expect(await text('deploy.sh')).toBe('echo 1\necho ${#x}\n');
    await expect(configure({ script: { path: 'gone.sh', posix: true } })).rejects.toThrow(
      /no file "gone\.sh".*deploy\.sh, run\.sh, web\/app\.json/,
    );
  });

  describe('with sensitive values', () => {
    const secret = { sensitive: ['Password', 'Answer'] };

    /** Every byte that lies below the directory of the test. */
    async function onDisk(): Promise<string> {
      const names = await readdir(root, { recursive: true, withFileTypes: true });
      const plain = names.filter((name) => name.isFile());
      return (await Promise.all(plain.map((f) => readFile(join(f.parentPath, f.name), 'utf8')))).join('\n');
    }

    it('keeps a file that holds one in memory, under whatever form, and links to it', async () => {
      await writeFile(join(step, 'plain.txt'), '#{A}');
      await writeFile(join(step, 'direct.txt'), '#{Password}');
      await writeFile(join(step, 'within.txt'), '#{Connection}');
      await writeFile(join(step, 'hash.txt'), '#{Password | Sha256}');
      await writeFile(join(step, 'decides.txt'), '#{if Answer == "no"}yes#{/if}');
      await writeFile(join(step, 'c.yml'), 'Connection: none # kept\n');
      const { lateFiles } = await configure({
        ...secret,
        substitute: substitute('*.txt'),
        structured: { targets: '*.yml', jsonOnly: false, failOnUnresolved: false },
      });
      const late = new Map(lateFiles.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]));
      const behind = async (path: string) => {
        const target = await readlink(join(step, path));
        expect(target).toMatch(/^\/late\/file-[0-9a-f]{24}\.(txt|yml)$/);
        return late.get(target.slice('/late/'.length));
      };
      expect((await lstat(join(step, 'plain.txt'))).isFile()).toBe(true);
      expect(await text('plain.txt')).toBe('1');
      expect(await behind('direct.txt')).toBe('hunter2-secret');
      expect(await behind('within.txt')).toBe('user=app;password=hunter2-secret');
      expect(await behind('hash.txt')).toMatch(/^[0-9a-f]{64}$/);
      expect(await behind('decides.txt')).toBe('yes');
      expect(await behind('c.yml')).toBe('Connection: user=app;password=hunter2-secret # kept\n');
      expect(await onDisk()).not.toContain('hunter2');
    });

    it('says nothing that is made from one, not even a piece', async () => {
      const variables = { Token: 'canary#{canary}', Version: `${'canary!'.repeat(20)}`, Circle: '#{Circle}' };
      const hidden = { variables, sensitive: ['Token', 'Version'] };
      await writeFile(join(step, 'x.json'), '{"Token": "x"}');
      await writeFile(join(step, 'x.txt'), '#{Token} #{Missing}');
      const { lines } = await configure({
        ...hidden,
        substitute: substitute('*.txt'),
        ...structure('x.json'),
      });
      expect(lines.map(({ message }) => message).join('\n')).not.toContain('canary');
      expect(lines).toContainEqual({
        level: 'Warning',
        message: expect.stringMatching(/^x\.txt: .*Missing/),
      });
      await writeFile(join(step, 'y.txt'), '#{Version | VersionMajor}');
      await expect(configure({ ...hidden, substitute: substitute('y.txt') })).rejects.toThrow(
        /^y\.txt: (?!.*canary)/,
      );
    });

    it('says nothing that is made from one, also of a file that holds none in the end', async () => {
      const variables = { Token: 'canary#{canary}', a: 'plain' };
      await writeFile(join(step, 'x.json'), '{"a": "#{Token}"}');
      const { lines, lateFiles } = await configure({
        variables,
        sensitive: ['Token'],
        substitute: substitute('x.json'),
        ...structure('x.json'),
      });
      expect([await text('x.json'), lateFiles]).toEqual(['{"a": "plain"}', []]);
      expect(lines.map(({ message }) => message).join('\n')).not.toContain('canary');
    });

    it('makes the same late files again for a gate that has to be opened again, and touches nothing', async () => {
      await writeFile(join(step, 'direct.txt'), '#{Password}');
      const wanted = { ...secret, substitute: substitute('*') };
      const { lateFiles } = await configure(wanted);
      // The program has begun, and has changed what is its own.
      await rm(join(step, 'direct.txt'));
      await writeFile(join(step, 'direct.txt'), 'mine #{A}');
      await writeFile(join(step, 'run.sh'), 'mine #{A}');
      const again = await configure(wanted, 'again');
      expect(again).toEqual({ lateFiles, lines: [] });
      expect(await text('direct.txt')).toBe('mine #{A}');
      expect(await text('run.sh')).toBe('mine #{A}');
    });

    it('begins from the originals when it was interrupted in its middle', async () => {
      await writeFile(join(step, 'a.txt'), '##{A} #{A}');
      await writeFile(join(step, 'b.txt'), '#{Circle}');
      await expect(configure({ substitute: substitute('*.txt') })).rejects.toThrow(/b\.txt/);
      expect(await text('a.txt')).toBe('#{A} 1');
      // Substituted once more, the escaped one would become a value.
      await configure({ substitute: substitute('a.txt') });
      expect(await text('a.txt')).toBe('#{A} 1');
    });
  });
});
