/**
 * The engine's build call, with its classic builder (`version=1`): it needs nothing beside the call, while BuildKit wants a
 * session of its own protocol. Docker 20.10 to 29 have it, with both image stores.
 */
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { EngineBuild } from '../ports/engine.ts';
import type { EngineCalls } from './calls.ts';
import { answerError } from './errors.ts';
import { number, record, text } from './json.ts';
import { lines } from './json-lines.ts';

/** Errors of the build come in the stream, behind a 200. Ends the build when the signal aborts: the engine sees us leave. */
export async function buildImage(
  calls: EngineCalls,
  { name, dockerfile, platform, arguments: buildArguments, labels }: EngineBuild,
  onOutput: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const subject = `building image ${name}`;
  const context = pack();
  context.entry({ name: 'Dockerfile', mode: 0o644, mtime: new Date(0) }, dockerfile);
  context.finalize();
  const answer = await calls.send(
    {
      method: 'POST',
      path: '/build',
      query: {
        version: '1',
        t: name,
        platform,
        buildargs: JSON.stringify(buildArguments),
        labels: JSON.stringify(labels),
        rm: '1',
        forcerm: '1',
      },
      subject,
      body: Readable.from(context),
      headers: { 'content-type': 'application/x-tar' },
    },
    signal,
  );
  const broken = (cause: Error): Error =>
    signal.aborted ? (signal.reason as Error) : calls.broken(subject, cause);
  for await (const line of lines(answer, broken)) {
    const entry = record(line);
    if (entry.error !== undefined || entry.errorDetail !== undefined) {
      const detail = record(entry.errorDetail);
      // A `code` is the exit code of the program that failed, not a status.
      const exitCode = number(detail.code);
      const told = exitCode === 0 ? {} : { exitCode };
      throw answerError(subject, 500, text(detail.message) || text(entry.error), told);
    }
    const output = text(entry.stream);
    if (output !== '') onOutput(output);
  }
}
