/** What a program prints is told exactly, whatever it prints and however it treats its streams. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatMessage } from '../../src/messages/index.ts';
import { Bench, bytesOf, eventually, gather, type OpenPorts, patience } from './bench.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export function outputContract(openPorts: OpenPorts): void {
  describe('output', () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(openPorts);
    });
    afterAll(() => bench?.close());

    it('is exact for every byte there is', async () => {
      const told = await bench.run(
        'i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done; printf "\\377\\376\\000no end"',
        { spec: { serviceMessages: false } },
      );
      const expected = Buffer.concat([
        Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
        Buffer.from([0xff, 0xfe, 0x00]),
        Buffer.from('no end'),
      ]);
      expect(told.stdout.equals(expected)).toBe(true);
    });

    it('is complete when the script reopens its own streams', async () => {
      const told = await bench.run(
        'echo 1; echo 2 >&2; echo 3 >/dev/stderr; echo 4 >/dev/stdout; : > /proc/self/fd/1; echo 5; echo 6 >&2',
      );
      expect(told.stdout.toString()).toBe('1\n4\n5\n');
      expect(told.stderr.toString()).toBe('2\n3\n6\n');
    });

    it('is complete when a filter still runs as the script ends', async () => {
      const told = await bench.run('exec > >(sed "s/^/> /"); echo one; echo two; exit 6', {
        image: 'debian',
        spec: { interpreters: ['bash'] },
      });
      expect(told.stdout.toString()).toBe('> one\n> two\n');
      expect(told.confirmed.exitCode).toBe(6);
    });

    it('ends with the script when the script has closed its streams', async () => {
      const told = await bench.run('echo before; exec >&- 2>&-; sleep 0.2; exit 4');
      expect(told.stdout.toString()).toBe('before\n');
      expect(told.confirmed.exitCode).toBe(4);
    });

    it('fails a step that wrote to stderr where its owner wants that', async () => {
      const spec = { failOnErrorOutput: true };
      const told = await bench.run('echo fine; echo trouble >&2', { spec });
      expect(told.confirmed).toMatchObject({ result: 'Failed', cause: 'error-output', exitCode: 0 });
      const quiet = await bench.run('echo fine; echo >&2', { spec });
      expect(quiet.confirmed).toMatchObject({ result: 'Succeeded', exitCode: 0 });
    });

    it('keeps the order of both streams when the step has one pipe', async () => {
      const told = await bench.run('i=0; while [ $i -lt 500 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done', {
        spec: { oneStream: true },
      });
      const expected = Array.from({ length: 500 }, (_, i) => `o${i}\ne${i}\n`).join('');
      expect(told.stdout.toString()).toBe(expected);
      expect(told.stderr.length).toBe(0);
    });

    it('tells 100 MB without keeping them', async () => {
      const bytes = 100 * 1024 * 1024;
      const script = `yes 0123456789abcdefghijklmnopqrstuvwxyz | head -c ${bytes}`;
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.open(spec.attempt, script);
      const hash = createHash('sha256');
      let size = 0;
      let largest = 0;
      global.gc?.();
      const before = process.memoryUsage().rss;
      for await (const event of bench.follow(spec.attempt)) {
        if (event.type !== 'log') continue;
        for (const { bytes: part } of event.runs) {
          hash.update(part);
          size += part.length;
        }
        largest = Math.max(largest, process.memoryUsage().rss - before);
      }
      const line = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz\n');
      const expected = Buffer.alloc(bytes, line);
      expect(size).toBe(bytes);
      expect(hash.digest('hex')).toBe(sha256(expected));
      // Far below the log's size: nothing keeps it.
      expect(largest).toBeLessThan(80 * 1024 * 1024);
      await bench.finish(spec.attempt);
    });

    it('tells one line of 50 MB', async () => {
      const bytes = 50 * 1024 * 1024;
      const told = await bench.run(`head -c ${bytes} /dev/zero | tr '\\0' x; echo; echo next`);
      expect(told.stdout.length).toBe(bytes + 6);
      expect(told.stdout.subarray(-6).toString()).toBe('\nnext\n');
      expect(told.stdout.subarray(0, bytes).equals(Buffer.alloc(bytes, 'x'))).toBe(true);
    });

    it('masks secrets on both streams, across pauses, and in derived forms', async () => {
      const secrets = { 'Db.Password': 'correct horse battery', Token: 'tok-4711-abcdef' };
      const base64 = Buffer.from('tok-4711-abcdef').toString('base64');
      const told = await bench.run(
        `echo "a correct horse battery b"; printf 'correct ho' >&2; sleep 0.4; echo 'rse battery' >&2; echo ${base64}; echo tok-4711-abcdef`,
        { secrets },
      );
      const all = Buffer.concat([told.stdout, told.stderr]).toString();
      expect(all).not.toMatch(/correct|horse|battery|tok-4711/);
      expect(all).not.toContain(base64.slice(0, 12));
      expect(told.stdout.toString()).toMatch(/^a \*+.* b\n/);
    });

    // So often that it must happen: where the order of the two pipes counted, one in fifty was shown.
    it('hides what a script declares secret on stdout and prints on stderr at once', async () => {
      const script = Array.from({ length: 1_000 }, (_, at) => {
        const value = `value-${at}-of-many`;
        return `echo "${formatMessage('mask', { value })}"; echo 'see ${value}' >&2`;
      }).join('\n');
      const told = await bench.run(script);
      expect(told.confirmed.exitCode).toBe(0);
      const lines = told.stderr.toString().split('\n').slice(0, -1);
      expect(lines.length).toBe(1_000);
      expect(lines.filter((line) => line !== 'see ********')).toEqual([]);
    });

    it('begins with a warning that names the secrets that are not masked in every encoding', async () => {
      const lines = Array.from({ length: 2_000 }, (_, at) => `line ${at} + "${(at * 7_919).toString(36)}"`);
      const options = { secrets: { Key: lines.join('\n'), Token: 'a-short-one' } };
      const spec = await bench.spec(options);
      await bench.stage(spec);
      await bench.open(spec.attempt, 'echo a-short-one', options);
      const warnings = async (from: number): Promise<string[]> => {
        const found: string[] = [];
        for await (const event of bench.follow(spec.attempt, { ...options, from: { cursor: from } }))
          if (event.type === 'notice') found.push(event.message);
        return found;
      };
      expect(await warnings(0)).toEqual([
        expect.stringMatching(
          /^Not in every encoding.* these secrets are masked.*: Key\. Give the step only/,
        ),
      ]);
      // Who comes back in the middle has been told.
      expect(await warnings(12)).toEqual([]);
      await bench.finish(spec.attempt);
    });

    it('is not delayed on one stream for ever by what is held back on the other', async () => {
      const secrets = { Token: 'abcdefghijkl' };
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.open(
        spec.attempt,
        'printf abcdef >&2; i=0; while [ ! -e /argonaut/work/go ]; do echo $i; i=$((i+1)); sleep 0.05; done; echo ghijkl >&2',
        { secrets },
      );
      const first = [];
      let from: { cursor: number; ahead?: { stdout: number; stderr: number } } = { cursor: 0 };
      for await (const event of bench.follow(spec.attempt, { secrets })) {
        if (event.type !== 'log') throw new Error('ended too early');
        first.push(event);
        from = { cursor: event.cursor, ...(event.ahead ? { ahead: event.ahead } : {}) };
        if (event.ahead) break;
      }
      expect(bytesOf(first, 'stdout').length).toBeGreaterThan(0);
      const entry = (await bench.directoryOf(spec.attempt)) ?? '';
      await bench.ports.files.writeFile(`${entry}/a/work/go`, Buffer.from('x'), 0o644, patience());
      const rest = await bench.told(spec.attempt, { secrets, from });
      const stdout = Buffer.concat([bytesOf(first, 'stdout'), rest.stdout])
        .toString()
        .trimEnd()
        .split('\n');
      expect(stdout).toEqual(stdout.map((_, index) => String(index)));
      const stderr = Buffer.concat([bytesOf(first, 'stderr'), rest.stderr]).toString();
      expect(stderr).toMatch(/^\*+.*\n$/);
      await bench.finish(spec.attempt);
    });

    it('carries levels, output variables, artifacts and the reason of a failure', async () => {
      const value = (text: string) => Buffer.from(text).toString('base64');
      const told = await bench.run(
        [
          `echo "##octopus[setVariable name='${value('Colour')}' value='${value('green')}']"`,
          `echo "##octopus[setVariable name='${value('Key')}' value='${value('very-secret-value')}' sensitive='${value('True')}']"`,
          'echo "very-secret-value is hidden from now on"',
          `echo "##octopus[createArtifact path='${value('/argonaut/work/report.txt')}' name='${value('report.txt')}']"`,
          'echo "##octopus[stdout-warning]"; echo careful; echo "##octopus[stdout-default]"; echo fine',
        ].join('\n'),
      );
      const chunks = told.chunks;
      expect(chunks.flatMap(({ outputs }) => outputs)).toEqual([
        { name: 'Colour', value: 'green', sensitive: false },
        { name: 'Key', value: 'very-secret-value', sensitive: true },
      ]);
      expect(chunks.flatMap(({ artifacts }) => artifacts)).toEqual([
        { path: '/argonaut/work/report.txt', name: 'report.txt' },
      ]);
      const runs = chunks.flatMap((chunk) => chunk.runs);
      const levelOf = (text: string) => runs.find(({ bytes }) => Buffer.from(bytes).includes(text))?.level;
      expect(levelOf('careful')).toBe('Warning');
      expect(levelOf('fine')).toBe('Info');
      expect(told.stdout.toString()).not.toContain('very-secret-value');
      expect(told.stdout.toString()).not.toContain('##octopus');
    });

    it('of a service message is ordinary text when the step does not want them', async () => {
      const told = await bench.run('echo "##octopus[stdout-warning]"', { spec: { serviceMessages: false } });
      expect(told.stdout.toString()).toBe('##octopus[stdout-warning]\n');
    });

    it('hides what was declared secret also from a follower who comes later', async () => {
      const value = (text: string) => Buffer.from(text).toString('base64');
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.open(
        spec.attempt,
        `echo "##octopus[setVariable name='${value('Key')}' value='${value('declared-late')}' sensitive='${value('True')}']"; echo ready; sleep 0.5; echo declared-late`,
      );
      let from = { cursor: 0 };
      for await (const event of bench.follow(spec.attempt)) {
        if (event.type !== 'log') throw new Error('ended too early');
        from = { cursor: event.cursor };
        if (bytesOf([event], 'stdout').includes('ready')) break;
      }
      await bench.restart();
      const rest = await bench.told(spec.attempt, { from });
      expect(rest.stdout.toString()).not.toContain('declared-late');
      expect(rest.stdout.toString()).toMatch(/\*+/);
      expect(rest.chunks.flatMap(({ outputs }) => outputs)).toEqual([]);
      await bench.finish(spec.attempt);
    });

    it('stops for a follower who leaves, and nobody else', async () => {
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.open(spec.attempt, 'echo one; sleep 0.5; echo two');
      const leaving = new AbortController();
      const left = gather(bench.follow(spec.attempt, {}, 1, leaving.signal));
      const stays = bench.told(spec.attempt);
      leaving.abort(new Error('left'));
      await expect(left).rejects.toThrow('left');
      expect((await stays).stdout.toString()).toBe('one\ntwo\n');
      await bench.finish(spec.attempt);
      await eventually(
        'the container is gone',
        async () => (await bench.container(spec.attempt)) === undefined,
      );
    });
  });
}
