/** Asks the API for everything that it describes: every GET of its own document, with the ids of everything that it lists. */
import type { KillableServer } from './killable-server.ts';

const ANSWER_WITHIN_MS = 5_000;
/** A live log does not end while its task runs: what comes in this time is its answer. */
const STREAM_MS = 400;
const LANES = 8;
/** Ids that are put into one place of a path. */
const MOST_OF_A_KIND = 24;

export interface Crawled {
  readonly path: string;
  readonly status: number;
  readonly bytes: Buffer;
}

/**
 * Paths whose parameters nobody knows a value for are left out; the caller says what must be among the rest.
 * @param questions more to ask: paths with queries
 */
export async function crawl(
  server: KillableServer,
  questions: readonly string[] = [],
): Promise<readonly Crawled[]> {
  const document = (await server.call('GET', '/api/openapi.json')).body;
  const templates = Object.entries(document.paths as Record<string, object>)
    .filter(([, methods]) => 'get' in methods)
    .map(([path]) => path);
  const answers = new Map<string, Crawled>();
  let known: readonly string[] = [];
  // Lists give ids, ids give things, things name other things.
  for (let turn = 0; turn < 3; turn++) {
    const paths = [...new Set([...questions, ...templates.flatMap((template) => filled(template, known))])];
    await inLanes(
      paths.filter((path) => !answers.has(path)),
      async (path) => {
        answers.set(path, await read(server, path));
      },
    );
    known = idsIn([...answers.values()]);
  }
  return [...answers.values()];
}

const WORDS: Readonly<Record<string, string>> = {
  spaces: 'Spaces',
  variables: 'variableset',
  deploymentprocesses: 'deploymentprocess',
};

/** `/api/tasks/{id}/raw` with every id that looks like one of a task. */
function filled(template: string, ids: readonly string[]): string[] {
  let paths = [template.replace('{spaceId}', 'Spaces-1')];
  for (;;) {
    const open = paths.find((path) => path.includes('{'));
    if (open === undefined) return paths;
    paths = paths.flatMap((path) => {
      const match = /\/([A-Za-z]+)\/\{[A-Za-z]+\}/.exec(path);
      if (match === null) return path.includes('{') ? [] : [path];
      const folder = match[1] ?? '';
      const word = (WORDS[folder] ?? folder).toLowerCase();
      const fit = ids.filter((id) => {
        const prefix = id.split('-')[0]?.toLowerCase() ?? '';
        return (
          prefix === word ||
          prefix === `server${word}` ||
          (word === 'variableset' && prefix.startsWith('variableset'))
        );
      });
      return fit.slice(0, MOST_OF_A_KIND).map((id) => path.replace(/\{[A-Za-z]+\}/, id));
    });
  }
}

function idsIn(answers: readonly Crawled[]): string[] {
  const ids = new Set<string>();
  for (const { bytes } of answers) {
    for (const [, id] of bytes.toString().matchAll(/"([A-Za-z]+-[A-Za-z0-9-]{1,60})"/g)) ids.add(id ?? '');
  }
  return [...ids];
}

async function read(server: KillableServer, path: string): Promise<Crawled> {
  const ending = new AbortController();
  const deadline = setTimeout(() => ending.abort(), ANSWER_WITHIN_MS);
  const parts: Uint8Array[] = [];
  let status = 0;
  try {
    const response = await fetch(`${server.address}${path}`, {
      headers: { 'x-octopus-apikey': server.key },
      signal: ending.signal,
      redirect: 'manual',
    });
    status = response.status;
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      setTimeout(() => ending.abort(), STREAM_MS);
    }
    for await (const part of response.body ?? []) parts.push(part);
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    clearTimeout(deadline);
  }
  return { path, status, bytes: Buffer.concat(parts) };
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
