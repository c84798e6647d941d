import type { ExitRecord } from '@argonaut/init';
import { describe, expect, it } from 'vitest';
import { type Evidence, outcomeOf, type Witness } from './outcome.ts';

const record: ExitRecord = {
  version: 1,
  reason: 'exited',
  code: 0,
  signal: null,
  stage: null,
  errno: null,
  by: null,
  oomKills: 0,
  stragglers: 0,
  unkilled: 0,
  orphansReaped: 0,
  killedAfterGrace: false,
  startNs: 1_000_000_000n,
  endNs: 3_500_000_000n,
  userUs: 10,
  sysUs: 20,
  maxRssKb: 30,
  logBytes: 100n,
  logLost: 0n,
};

const container = (
  exitCode: number,
  more: Partial<Extract<Witness, { kind: 'container' }>> = {},
): Witness => ({
  kind: 'container',
  exitCode,
  oomKilled: false,
  error: '',
  startedAt: '2026-01-01T00:00:00Z',
  ...more,
});

const judge = (exit: Partial<ExitRecord> | undefined, more: Partial<Evidence> = {}) =>
  outcomeOf({
    title: 'a step',
    cancelRequested: false,
    opened: true,
    logBytes: 100,
    wroteErrors: false,
    failOnErrorOutput: false,
    mayLinger: false,
    ...(exit ? { exit: { ...record, ...exit } } : {}),
    ...more,
  });

describe('error output', () => {
  const wrote = { wroteErrors: true, failOnErrorOutput: true };

  it('fails a program that ended well, where that is asked for; the exit code stays what it was', () => {
    const failed = { result: 'Failed', cause: 'error-output', exitCode: 0, infrastructure: false };
    expect(judge({ code: 0 }, wrote)).toMatchObject(failed);
    expect(judge({ code: 0 }, { ...wrote, witness: container(0) })).toMatchObject(failed);
  });

  it.each([
    ['nobody asks for it', { ...wrote, failOnErrorOutput: false }],
    ['there is none', { ...wrote, wroteErrors: false }],
  ])('does not when %s', (_, evidence) => {
    expect(judge({ code: 0 }, evidence)).toMatchObject({ result: 'Succeeded', cause: 'exited' });
  });

  it('does not hide why else a program failed', () => {
    expect(judge({ code: 3 }, wrote)).toMatchObject({ result: 'Failed', cause: 'exited', exitCode: 3 });
    expect(judge({ code: null, signal: 9 }, wrote)).toMatchObject({ cause: 'signalled' });
    expect(judge({ reason: 'timeout' }, wrote)).toMatchObject({ result: 'TimedOut' });
    expect(judge({ code: 0 }, { ...wrote, witness: container(1) })).toMatchObject({ result: 'Unknown' });
  });
});

describe('an outcome with an exit record', () => {
  it('is the code of the program, with its figures', () => {
    expect(judge({ code: 3 }, { witness: container(3) })).toMatchObject({
      result: 'Failed',
      cause: 'exited',
      infrastructure: false,
      exitCode: 3,
      startedMs: 1_000,
      endedMs: 3_500,
      userCpuUs: 10,
      systemCpuUs: 20,
      maxRssKb: 30,
      logBytes: 100,
    });
  });

  it.each([
    ['success', { code: 0 }, {}, 'Succeeded', 'exited', false],
    ['137 by itself is no want of memory', { code: 137 }, {}, 'Failed', 'exited', false],
    ['a signal', { code: null, signal: 11 }, {}, 'Failed', 'signalled', false],
    ['memory', { code: null, signal: 9, oomKills: 1 }, {}, 'Failed', 'out-of-memory', false],
    ['memory of a child, survived', { code: 0, oomKills: 1 }, {}, 'Succeeded', 'exited', false],
    ['memory of a child, failed', { code: 1, oomKills: 2 }, {}, 'Failed', 'out-of-memory', false],
    ['time-out with a code of its own', { reason: 'timeout', code: 0 }, {}, 'TimedOut', 'timed-out', false],
    ['cancel', { reason: 'cancelled', by: 'control', code: 0 }, {}, 'Cancelled', 'cancelled', false],
    [
      'cancel by signal that we sent',
      { reason: 'cancelled', by: 'SIGTERM', code: 143 },
      { cancelRequested: true },
      'Cancelled',
      'cancelled',
      false,
    ],
    [
      'a TERM that we did not send',
      { reason: 'cancelled', by: 'SIGTERM', code: 143 },
      {},
      'Failed',
      'ended-by-engine',
      true,
    ],
    [
      'cancel at the gate',
      { reason: 'cancelled-at-gate', code: 143, by: 'control' },
      { cancelRequested: true },
      'Cancelled',
      'cancelled-at-gate',
      false,
    ],
    [
      'a TERM at the gate that we did not send',
      { reason: 'cancelled-at-gate', code: 143, by: 'SIGTERM' },
      {},
      'NotStarted',
      'cancelled-at-gate',
      true,
    ],
    [
      'a gate that was never opened',
      { reason: 'gate-timeout', code: 252 },
      {},
      'NotStarted',
      'not-started',
      true,
    ],
    [
      'a program that is not there',
      { reason: 'exec-failed', stage: 'exec', errno: 2, code: 127 },
      {},
      'Failed',
      'program-not-runnable',
      false,
    ],
    [
      'a set-up that failed',
      { reason: 'setup-failed', stage: 'fork', errno: 11, code: 253 },
      {},
      'NotStarted',
      'not-started',
      true,
    ],
    ['a program that could not be ended', { code: null, signal: null }, {}, 'Unknown', 'unknown', true],
  ] as const)('%s', (_name, exit, more, result, cause, infrastructure) => {
    expect(judge(exit, more)).toMatchObject({ result, cause, infrastructure });
  });

  it('names the program that is not there by its step, and says what else may be missing', () => {
    const { message } = judge({ reason: 'exec-failed', stage: 'exec', errno: 2, code: 127 });
    expect(message).toMatch(/Cannot run the program of "a step".*loader/);
    const elsewhere = judge({ reason: 'exec-failed', stage: 'cwd', errno: 2, code: 127 });
    expect(elsewhere.message).not.toMatch(/loader/);
  });

  it.each([
    ['exec', 13, /^Cannot run the program of "a step": permission denied.*chmod \+x.*No user code ran/],
    ['cwd', 2, /^Cannot enter the working directory of "a step": no such file.*correct the step's working/],
    ['cwd', 13, /^Cannot enter the working directory of "a step": permission denied.*user may enter/],
  ] as const)('says what to do where the %s fails with %i', (stage, errno, said) => {
    expect(judge({ reason: 'exec-failed', stage, errno, code: 127 }).message).toMatch(said);
  });

  it('says that what was left behind goes on, only where it may and the step succeeded', () => {
    const left = { stragglers: 2 };
    expect(judge({ ...left, code: 0 }, { mayLinger: true })).toMatchObject({ ...left, lingering: true });
    expect(judge({ ...left, code: 0 })).not.toHaveProperty('lingering');
    expect(judge({ ...left, code: 1 }, { mayLinger: true })).not.toHaveProperty('lingering');
    expect(judge({ code: 0 }, { mayLinger: true })).not.toHaveProperty('lingering');
  });

  it('has a sentence of its own for every cause', () => {
    const sentences = [
      judge({ code: 1 }),
      judge({ code: null, signal: 9 }),
      judge({ code: null, signal: 9, oomKills: 1 }),
      judge({ reason: 'timeout', code: null, signal: 9, killedAfterGrace: true }),
      judge({ reason: 'cancelled', by: 'control', code: 0 }),
      judge({ reason: 'cancelled', by: 'SIGTERM', code: 0 }),
      judge({ reason: 'cancelled-at-gate', code: 143 }, { cancelRequested: true }),
      judge({ reason: 'gate-timeout', code: 252 }),
      judge({ reason: 'exec-failed', stage: 'exec', errno: 2, code: 127 }),
      judge(undefined, { witness: container(137) }),
      judge(undefined, { witness: container(143) }),
      judge(undefined, { witness: { kind: 'gone' } }),
      judge({ code: 0 }, { witness: container(137) }),
    ].map(({ message }) => message);
    expect(new Set(sentences).size).toBe(sentences.length);
  });

  it('says what was sent to a step that was ended, and what it answered', () => {
    const cancelled = { reason: 'cancelled', by: 'control' } as const;
    expect(judge({ ...cancelled, code: 3 }).message).toBe(
      'The step was cancelled: its processes got TERM, and it ended with exit code 3.',
    );
    expect(judge({ ...cancelled, code: null, signal: 15 }).message).toBe(
      'The step was cancelled: its processes got TERM, and it ended by SIGTERM.',
    );
    expect(judge({ ...cancelled, code: null, signal: 9, killedAfterGrace: true }).message).toBe(
      'The step was cancelled: its processes got TERM, did not end within the grace and got KILL; it ended by SIGKILL.',
    );
    expect(judge({ reason: 'timeout', code: null, signal: 15 }).message).toBe(
      'The step took longer than its time-out and was ended after 2.5 s: its processes got TERM, and it ended by SIGTERM. Raise its time-out, or let it do less.',
    );
  });

  it('says what to do when something else ended it', () => {
    for (const { message } of [
      judge({ reason: 'cancelled', by: 'SIGTERM', code: 0 }),
      judge(undefined, { witness: container(137) }),
      judge(undefined, { witness: container(143) }),
      judge({ code: 0 }, { witness: container(137) }),
    ])
      expect(message).toMatch(/Look at what the step did before running it again\.$/);
  });

  it('is unknown when the engine says something else', () => {
    expect(judge({ code: 0 }, { witness: container(137) })).toMatchObject({
      result: 'Unknown',
      cause: 'disagreement',
      infrastructure: true,
      message: expect.stringMatching(/^Outcome unknown: the exit record says 0, the engine says 137/),
    });
  });

  it('is what the record says when the daemon was dead at the end, and says 255 for want of anything better', () => {
    expect(judge({ code: 0 }, { witness: container(255) }).result).toBe('Succeeded');
    expect(judge({ code: 3 }, { witness: container(255) })).toMatchObject({ result: 'Failed', exitCode: 3 });
  });

  it('expects 128 and the signal from the engine', () => {
    expect(judge({ code: null, signal: 11 }, { witness: container(139) }).cause).toBe('signalled');
    expect(judge({ code: null, signal: 11 }, { witness: container(11) }).cause).toBe('disagreement');
  });

  it('is the first one when somebody started the container again', () => {
    expect(judge({ code: 7 }, { witness: container(250) })).toMatchObject({ cause: 'exited', exitCode: 7 });
  });

  it('says so when the log is shorter than init wrote it, or bytes were given up', () => {
    expect(judge({}, { logBytes: 60 }).message).toMatch(/40 of 100 bytes are missing/);
    expect(judge({ logLost: 12n }).message).toMatch(/12 bytes of the log were lost.*disk/);
  });
});

describe('an outcome without an exit record', () => {
  it.each([
    ['never opened, gone', { opened: false, witness: { kind: 'gone' } }, 'NotStarted', 'not-started'],
    ['never opened, ended', { opened: false, witness: container(255) }, 'NotStarted', 'not-started'],
    ['opened, nothing is left', { witness: { kind: 'gone' } }, 'Unknown', 'unknown'],
    [
      'opened, cancelled, nothing is left',
      { witness: { kind: 'gone' }, cancelRequested: true },
      'Unknown',
      'unknown',
    ],
    [
      'opened, init of a host step was killed',
      { witness: { kind: 'process', leftBehind: 2 } },
      'Unknown',
      'unknown',
    ],
    ['killed from outside', { witness: container(137) }, 'Failed', 'killed-from-outside'],
    ['killed for memory', { witness: container(137, { oomKilled: true }) }, 'Failed', 'out-of-memory'],
    ['killed by us', { witness: container(137), cancelRequested: true }, 'Cancelled', 'cancelled'],
    ['ended by the engine', { witness: container(143) }, 'Failed', 'ended-by-engine'],
    ['init could not use its directory', { witness: container(251) }, 'NotStarted', 'not-started'],
  ] as const)('%s', (_name, evidence, result, cause) => {
    expect(judge(undefined, evidence)).toMatchObject({ result, cause });
  });

  it('says of a cancelled step that we killed it only when we did', () => {
    const ours = judge(undefined, { witness: container(137), cancelRequested: true, killSent: true });
    expect(ours).toMatchObject({ killedAfterGrace: true, message: expect.stringMatching(/was killed/) });
    const others = judge(undefined, { witness: container(137), cancelRequested: true });
    expect(others).not.toHaveProperty('killedAfterGrace');
    expect(others.message).toMatch(/ended with code 137.*something else ended it/);
  });

  it('begins with "Outcome unknown" whenever it is', () => {
    expect(judge(undefined, { witness: { kind: 'gone' } }).message).toMatch(/^Outcome unknown/);
    expect(judge(undefined, { witness: { kind: 'process', leftBehind: 0 } }).message).toMatch(
      /^Outcome unknown/,
    );
  });
});
