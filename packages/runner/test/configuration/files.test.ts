/** Which files are rewritten, and that nothing outside of the step's directory ever is. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ConfigurationValues,
  compilePatterns,
  configureFiles,
  type Evaluate,
} from '../../src/configuration/index.ts';

const signal = AbortSignal.timeout(60_000);

/** Stands for the template language: `#{A}` becomes `1`, `#{Missing}` stays, `#{Circle}` cannot be. */
const evaluate: Evaluate = (template) => ({
  text: template.includes('#{Circle}') ? null : template.replaceAll('#{A}', '1'),
  error: /#\{(?:Missing|Circle)\}/.test(template) ? 'line 1, column 1: trouble' : null,
});

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

describe('configureFiles', () => {
  let root: string;
  let step: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'argonaut-configuration-'));
    step = join(root, 'step');
    await mkdir(join(step, 'web'), { recursive: true });
    await writeFile(join(root, 'outside.txt'), '#{A}');
    await writeFile(join(step, 'run.sh'), 'echo #{A}');
    await chmod(join(step, 'run.sh'), 0o751);
    await writeFile(join(step, 'web', 'app.json'), '{"port": 80, "note": "#{A}"}');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('substitutes first, then replaces values, keeps permissions, and leaves nothing behind', async () => {
    const report = await configureFiles(
      step,
      {
        substitute: { targets: '**/*.json\n*.sh\n', evaluate },
        structured: { targets: 'web/*.json', values: new ConfigurationValues({ port: '8080' }) },
      },
      signal,
    );
    expect(await readFile(join(step, 'run.sh'), 'utf8')).toBe('echo 1');
    expect((await stat(join(step, 'run.sh'))).mode & 0o777).toBe(0o751);
    expect(await readFile(join(step, 'web/app.json'), 'utf8')).toBe('{"port": 8080, "note": "1"}');
    expect(report).toEqual({
      changed: ['run.sh', 'web/app.json'],
      verbose: ['web/app.json: replaced port.'],
      warnings: [],
    });
    expect(await readdir(step)).toEqual(['run.sh', 'web']);
    expect(await readdir(join(step, 'web'))).toEqual(['app.json']);
  });

  it('follows no link, neither to a file nor to a directory, and says so', async () => {
    await mkdir(join(root, 'other'));
    await writeFile(join(root, 'other', 'deep.txt'), '#{A}');
    await symlink(join(root, 'outside.txt'), join(step, 'link.txt'));
    await symlink(join(root, 'other'), join(step, 'dir'));
    const report = await configureFiles(step, { substitute: { targets: '**/*.txt', evaluate } }, signal);
    expect(await readFile(join(root, 'outside.txt'), 'utf8')).toBe('#{A}');
    expect(await readFile(join(root, 'other/deep.txt'), 'utf8')).toBe('#{A}');
    expect(report.changed).toEqual([]);
    expect(report.warnings.join('\n')).toContain('link.txt is a link');
  });

  it('warns of a pattern that matches nothing, unless told not to', async () => {
    const targets = '*.nothing';
    const one = await configureFiles(step, { substitute: { targets, evaluate } }, signal);
    expect(one.warnings).toEqual([expect.stringContaining('"*.nothing"')]);
    const quiet = { targets, evaluate, warnOfNoMatch: false };
    expect((await configureFiles(step, { substitute: quiet }, signal)).warnings).toEqual([]);
  });

  it('leaves what is unresolved with a warning, or fails with the place when that is wanted', async () => {
    await writeFile(join(step, 'm.txt'), '#{A} #{Missing}');
    const request = { targets: 'm.txt', evaluate };
    await expect(
      configureFiles(step, { substitute: { ...request, failOnUnresolved: true } }, signal),
    ).rejects.toThrow('m.txt: line 1');
    expect(await readFile(join(step, 'm.txt'), 'utf8')).toBe('#{A} #{Missing}');
    const report = await configureFiles(step, { substitute: request }, signal);
    expect(await readFile(join(step, 'm.txt'), 'utf8')).toBe('1 #{Missing}');
    expect(report.warnings).toEqual([expect.stringContaining('m.txt: line 1')]);
  });

  it('names the file that cannot be worked out', async () => {
    await writeFile(join(step, 'c.txt'), '#{Circle}');
    const circle = configureFiles(step, { substitute: { targets: 'c.txt', evaluate } }, signal);
    await expect(circle).rejects.toThrow('c.txt: line 1');
    const broken = { targets: 'run.sh', values: new ConfigurationValues({ a: 'b' }), jsonOnly: true };
    await expect(configureFiles(step, { structured: broken }, signal)).rejects.toThrow(
      /run\.sh: It is not JSON/,
    );
  });

  it('leaves bytes alone that are no text', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await writeFile(join(step, 'b.bin'), bytes);
    await configureFiles(step, { substitute: { targets: '*.bin', evaluate } }, signal);
    expect(await readFile(join(step, 'b.bin'))).toEqual(bytes);
  });

  it('ends when it is told to', async () => {
    const stopped = configureFiles(step, { substitute: { targets: '*', evaluate } }, AbortSignal.abort());
    await expect(stopped).rejects.toThrow();
  });
});
