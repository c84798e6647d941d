/** Running a program in a running container (the engine's exec calls). */
import type { ExecResult } from '../ports/engine.ts';
import type { EngineCalls } from './calls.ts';
import { number, record, text } from './json.ts';

/** Both streams come in frames: one byte for the stream, three zeros, four for the length (Engine API, "Stream format"). */
const frameHeaderBytes = 8;
const keptBytes = 8 * 1024;

export async function execute(
  calls: EngineCalls,
  id: string,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<ExecResult> {
  const subject = `running ${argv[0] ?? ''} in container ${id.slice(0, 12)}`;
  const created = record(
    await calls.json(
      {
        method: 'POST',
        path: `/containers/${id}/exec`,
        json: { AttachStdout: true, AttachStderr: true, Tty: false, Cmd: argv },
        subject,
      },
      signal,
    ),
  );
  const exec = text(created.Id);
  const answer = await calls.send(
    { method: 'POST', path: `/exec/${exec}/start`, json: { Detach: false, Tty: false }, subject },
    signal,
  );
  let bytes: Buffer = Buffer.alloc(0);
  let output: Buffer = Buffer.alloc(0);
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      bytes = Buffer.concat([bytes, part]);
      while (bytes.length >= frameHeaderBytes) {
        const end = frameHeaderBytes + bytes.readUInt32BE(4);
        if (bytes.length < end) break;
        output = Buffer.concat([output, bytes.subarray(frameHeaderBytes, end)]).subarray(-keptBytes);
        bytes = bytes.subarray(end);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    throw calls.broken(subject, error as Error);
  }
  const ended = record(await calls.json({ method: 'GET', path: `/exec/${exec}/json`, subject }, signal));
  return { exitCode: number(ended.ExitCode), output: output.toString('utf8') };
}
