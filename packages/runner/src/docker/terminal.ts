/** A program with a terminal in a running container: the engine's exec calls over a connection that it hands over. */
import type { EngineTerminal, TerminalProgram } from '../ports/engine.ts';
import type { EngineCalls } from './calls.ts';
import { number, record, text } from './json.ts';

export async function terminal(
  calls: EngineCalls,
  id: string,
  { argv, environment, workingDirectory, columns, rows }: TerminalProgram,
  signal: AbortSignal,
): Promise<EngineTerminal> {
  const subject = `opening a terminal in container ${id.slice(0, 12)}`;
  const created = record(
    await calls.json(
      {
        method: 'POST',
        path: `/containers/${id}/exec`,
        json: {
          AttachStdin: true,
          AttachStdout: true,
          AttachStderr: true,
          Tty: true,
          Cmd: argv,
          Env: environment,
          WorkingDir: workingDirectory,
        },
        subject,
      },
      signal,
    ),
  );
  const exec = text(created.Id);
  const stream = await calls.upgrade(
    { method: 'POST', path: `/exec/${exec}/start`, json: { Detach: false, Tty: true }, subject },
    signal,
  );
  const resize: EngineTerminal['resize'] = async (w, h, when) => {
    await calls.done(
      {
        method: 'POST',
        path: `/exec/${exec}/resize`,
        query: { w: String(w), h: String(h) },
        subject,
        // It has just ended: there is nothing to resize. Some engines say 500 then.
        accept: [404, 409, 500],
      },
      when,
    );
  };
  // `ConsoleSize` at the start is known to API 1.42 and newer only; a resize to all.
  try {
    await resize(columns, rows, signal);
  } catch (error) {
    // Nobody else knows of it.
    stream.destroy();
    throw error;
  }
  return {
    stream,
    resize,
    exitCode: async (when) => {
      const state = record(await calls.json({ method: 'GET', path: `/exec/${exec}/json`, subject }, when));
      return state.Running === true ? undefined : number(state.ExitCode);
    },
  };
}
