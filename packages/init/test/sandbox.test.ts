/** The only process of a pooled network sandbox: it waits, reaps, and ends on TERM or at its own deadline. */
import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { exitCodes, type SandboxArguments, sandboxArguments } from '../src/index.ts';
import { initCommand, pidNamespace } from './attempt-under-test.ts';

describe('a sandbox', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)('ends well on %s', async (signal) => {
    const child = start({});
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(child.exitCode).toBe(null);
    child.kill(signal);
    expect(await ended(child)).toBe(0);
  });

  test('ends by its own deadline, so that a forgotten one does not stay', async () => {
    expect(await ended(start({ deadlineMs: 100 }))).toBe(exitCodes.gate);
  });

  test.skipIf(!pidNamespace)(
    'ends on TERM also as PID 1, where the kernel drops signals that nobody handles',
    async () => {
      const [file, ...args] = initCommand(...sandboxArguments({ deadlineMs: 60_000 }));
      const inside = [file, ...args].map((word) => `'${word}'`).join(' ');
      // The outer shell is not in the namespace: it sends TERM to the sandbox by its pid out here.
      const child = spawn('sh', [
        '-c',
        `unshare --pid --fork ${inside} & sleep 0.2; kill -TERM $(cat /proc/$!/task/$!/children); wait $!`,
      ]);
      expect(await ended(child)).toBe(0);
    },
  );
});

function start(options: SandboxArguments) {
  const [file, ...args] = initCommand(...sandboxArguments(options));
  return spawn(file, args, { stdio: 'ignore' });
}

function ended(child: ReturnType<typeof spawn>): Promise<unknown> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
}
