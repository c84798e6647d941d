/** A stream of JSON values, one a line, as the engine sends progress. */
import { InfrastructureFailure } from '@argonaut/contracts';

const maxLine = 1024 * 1024;

/** `broken` turns a connection that broke off into the error to throw. */
export async function* lines(
  stream: AsyncIterable<Uint8Array>,
  broken: (cause: Error) => Error,
): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const part of stream) {
      rest += decoder.decode(part, { stream: true });
      if (rest.length > maxLine) throw new InfrastructureFailure('a line of the engine is too long');
      const whole = rest.split('\n');
      rest = whole.pop() ?? '';
      for (const line of whole) if (line.trim() !== '') yield parse(line);
    }
  } catch (error) {
    if (error instanceof InfrastructureFailure) throw error;
    throw broken(error as Error);
  }
  if (rest.trim() !== '') yield parse(rest);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new InfrastructureFailure('the engine sent a line that is not JSON', { cause });
  }
}
