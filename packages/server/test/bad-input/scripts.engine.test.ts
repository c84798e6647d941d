/**
 * Scripts that behave badly, through the server: the task says what happened and why, the log has what was written, and
 * the engine has nothing of it left. What one attempt does is shown by the runner's contract; here the server answers.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepWish } from '../running/project-under-test.ts';
import { Deployer } from './deployer.ts';

const BUSYBOX = 'argonaut-test/busybox:1';

let deployer: Deployer;
beforeAll(async () => {
  deployer = await Deployer.start();
});
afterAll(() => deployer?.[Symbol.asyncDispose]());

const inside = (script: string, more: Partial<StepWish> = {}): StepWish => ({
  name: 'bad step',
  image: BUSYBOX,
  script,
  ...more,
});

describe('what a script prints', () => {
  it('is kept when it is binary, and the text form stays readable', async () => {
    const { task, log } = await deployer.run(inside(`printf 'a\\000b\\377\\376c\\r\\n'; echo after`));
    expect(task.State).toBe('Success');
    expect(log).toContain('after');
    expect(log).toMatch(/a.b.+c/);
  });

  it('is stored to the last byte when it is 100 MB, and when one line has 50 MB', async () => {
    const lines = 'yes 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde | head -c 104857600';
    const line = 'head -c 52428800 /dev/zero | tr "\\000" x; echo; echo the end';
    const [many, long] = await Promise.all([deployer.begin(inside(lines)), deployer.begin(inside(line))]);
    const hash = createHash('sha256');
    for (let left = 104_857_600, row = '0123456789abcdef'.repeat(4).slice(0, 63); left > 0; left -= 64)
      hash.update(`${row}\n`);
    expect((await deployer.end(many)).task.State).toBe('Success');
    expect((await deployer.end(long)).task.State).toBe('Success');
    expect(await storedHash(many)).toEqual({ bytes: 104_857_600, sha256: hash.digest('hex') });
    const whole = createHash('sha256');
    whole.update(Buffer.alloc(52_428_800, 'x')).update('\nthe end\n');
    expect(await storedHash(long)).toEqual({ bytes: 52_428_809, sha256: whole.digest('hex') });
    await expect(deployer.server.call('GET', `/api/tasks/${long}/details`)).resolves.toMatchObject({
      status: 200,
    });
  });

  it('is there when it closed its streams, or opened them anew', async () => {
    const [closed, reopened] = await Promise.all([
      deployer.run(inside('echo before; exec >&- 2>&-; exit 0')),
      deployer.run(inside('echo one; exec >/dev/stdout; echo two; exec 2>&1; echo three >&2')),
    ]);
    expect([closed.task.State, closed.log]).toEqual(['Success', expect.stringContaining('before')]);
    expect([reopened.task.State, reopened.log]).toEqual([
      'Success',
      expect.stringMatching(/one[\s\S]*two[\s\S]*three/),
    ]);
  });
});

describe('how a script ends', () => {
  it('with daemons: the task ends, and they with it', async () => {
    const { task, log } = await deployer.run(
      inside('setsid sleep 1000 & (setsid sleep 1000 &) ; echo done; exit 0'),
    );
    expect([task.State, log]).toEqual(['Success', expect.stringContaining('done')]);
    expect(log).toContain('2 processes that the step left behind were ended.');
    await deployer.nothingLeft();
  });

  it('by cancel although it ignores TERM', async () => {
    const id = await deployer.begin(
      inside('trap "" TERM; echo deaf; while :; do sleep 0.1; done', {
        properties: { 'Argonaut.Action.GraceSeconds': '1' },
      }),
    );
    await deployer.logSays(id, 'deaf');
    await deployer.cancel(id);
    const { task, log } = await deployer.end(id);
    expect(task.State).toBe('Canceled');
    expect(log).toMatch(/got TERM, did not end within the grace and got KILL; it ended by SIGKILL/);
    await deployer.nothingLeft();
  });

  it('with a message of its own for each cause', async () => {
    const killed = deployer.begin(inside('echo waits; exec sleep 1000', { name: 'killed' }));
    const stopped = deployer.begin(inside('echo waits; exec sleep 1000', { name: 'stopped' }));
    const others = {
      code137: inside('exit 137'),
      memory: inside('x=$(head -c 100000000 /dev/zero | tr "\\000" x); echo never', {
        properties: { 'Argonaut.Action.Memory': '24m' },
      }),
      timeout: inside('sleep 1000', {
        properties: { 'Octopus.Action.ExecutionTimeout.Minutes': '0.01' },
      }),
      signal: inside('kill -SEGV $$'),
      notRunnable: inside('', {
        type: 'Argonaut.Container',
        properties: { 'Argonaut.Action.Container.Command': '["/no/such/program"]' },
      }),
    };
    await deployer.logSays(await killed, 'waits');
    await deployer.logSays(await stopped, 'waits');
    const named = await deployer.containers();
    const ofTask = (id: string) => named.find(({ name }) => name.includes(`${id.toLowerCase()}-`))?.id ?? '';
    await promisify(execFile)('docker', ['kill', ofTask(await killed)]);
    await promisify(execFile)('docker', ['stop', '-t', '20', ofTask(await stopped)]);
    const messages = Object.fromEntries(
      await Promise.all(
        Object.entries({
          killed: killed.then((id) => deployer.end(id)),
          stopped: stopped.then((id) => deployer.end(id)),
          ...Object.fromEntries(Object.entries(others).map(([name, step]) => [name, deployer.run(step)])),
        }).map(async ([name, ended]) => {
          const { task } = await ended;
          expect([name, task.State]).toEqual([name, 'Failed']);
          return [name, task.ErrorMessage];
        }),
      ),
    );
    if (process.env.ARGONAUT_SHOW === '1') console.log(messages);
    expect(messages).toEqual({
      killed: expect.stringMatching(/killed from outside with code 137.*removed or killed its container/),
      stopped: expect.stringMatching(/engine ended the step by SIGTERM, though nobody cancelled it/),
      code137: expect.stringMatching(/ended with exit code 137\.$/),
      memory: expect.stringMatching(/ran out of memory.*limit of 24 MiB.*Raise the memory limit/),
      timeout: expect.stringMatching(/took longer than its time-out and was ended/),
      signal: expect.stringMatching(/ended by SIGSEGV, which did not come from Argonaut/),
      notRunnable: expect.stringMatching(/Cannot run the program of ".*No user code ran/),
    });
    await deployer.nothingLeft();
  });

  it('in a container only: killing all it can, or deleting the attempt directory, harms nobody else', async () => {
    const [kills, deletes] = await Promise.all([
      deployer.run(inside('echo before; kill -9 -1; echo after; exit 4')),
      deployer.run(inside('echo before; rm -rf /argonaut* 2>/dev/null; echo after; exit 5')),
    ]);
    expect(kills.log).toContain('before');
    expect(kills.task.State).toBe('Failed');
    expect(deletes.log).toMatch(/before[\s\S]*after/);
    expect(deletes.task).toMatchObject({
      State: 'Failed',
      ErrorMessage: expect.stringContaining('exit code 5'),
    });
    await deployer.nothingLeft();
    expect((await deployer.run(inside('echo all is well'))).task.State).toBe('Success');
  });
});

/** Size and hash of what the script wrote to stdout, as the live log gives it. */
async function storedHash(task: string): Promise<{ bytes: number; sha256: string }> {
  const response = await fetch(`${deployer.server.address}/api/argonaut/tasks/${task}/log`, {
    headers: { 'x-octopus-apikey': deployer.server.key },
    signal: AbortSignal.timeout(100_000),
  });
  const hash = createHash('sha256');
  const decoder = new TextDecoder();
  let bytes = 0;
  let rest: string[] = [];
  const take = (line: string) => {
    if (!line.startsWith('data: {')) return;
    const event = JSON.parse(line.slice('data: '.length));
    if (event.source !== 'stdout') return;
    const piece =
      event.text === undefined ? Buffer.from(event.base64 ?? '', 'base64') : Buffer.from(event.text);
    bytes += piece.length;
    hash.update(piece);
  };
  for await (const chunk of response.body ?? []) {
    const lines = decoder.decode(chunk, { stream: true }).split('\n');
    const first = lines.shift() ?? '';
    rest.push(first);
    for (const line of lines) {
      take(rest.join(''));
      rest = [line];
    }
  }
  take(rest.join(''));
  return { bytes, sha256: hash.digest('hex') };
}
