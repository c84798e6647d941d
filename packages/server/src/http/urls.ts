/**
 * The many spellings of one URL. Before routing, every path becomes one of two forms: `/api/x` for what belongs to the
 * server, `/api/in/{space}/x` for what belongs to a space. Percent-encoding is left alone, so `%2F` stays inside its
 * segment; case does not matter to the router.
 */
import type { Route, Scope } from './route.ts';

/** The path segment that marks the inner form; no resource has this name. */
const SPACE_MARK = 'in';

/** Stands for the default space, which may change while the server runs. */
export const DEFAULT_SPACE = '~default';

/** What Octopus has no shape for lives below this word. */
const OWN = 'argonaut';

/** The form of a space in a URL: `Spaces-1`. */
const SPACE_ID = /^spaces-\d+$/i;

/** How a route is registered with the router: `both` gives two. */
export function patternsOf(route: { readonly scope: Scope; readonly path: string }): readonly string[] {
  const inServer = `/api${route.path}`;
  const inSpace = `/api/${SPACE_MARK}/:space${route.path}`;
  switch (route.scope) {
    case 'root':
      return [route.path];
    case 'server':
      return [inServer];
    case 'space':
      return [inSpace];
    case 'both':
      return [inServer, inSpace];
  }
}

/** Rewrites a path (with its query) to the inner form. URLs without a space lead to the default one. */
export function urlRewriter(routes: readonly Route[]): (url: string) => string {
  const first = (scopes: readonly Scope[]) =>
    new Set(
      routes.filter((route) => scopes.includes(route.scope)).map((route) => segments(route.path)[0] ?? ''),
    );
  const ofServer = first(['server', 'both']);
  const ofSpace = first(['space', 'both']);
  /** Words that follow `/api/spaces/{id}` as part of the space itself, such as its logo. */
  const ofSpaceResource = new Set(
    routes
      .filter((route) => route.scope === 'server' && route.path.startsWith('/spaces/:'))
      .map((route) => segments(route.path)[2] ?? ''),
  );

  return (url) => {
    const cut = url.indexOf('?');
    const path = cut < 0 ? url : url.slice(0, cut);
    const query = cut < 0 ? '' : url.slice(cut);
    const [api, head = '', ...rest] = path.split('/').filter((segment) => segment !== '');
    if (api?.toLowerCase() !== 'api') return url;
    const lower = head.toLowerCase();
    const inSpace = (space: string, tail: readonly string[]) => {
      const word = tail[0]?.toLowerCase() ?? '';
      return ofSpace.has(word) || !ofServer.has(word)
        ? `/${['api', SPACE_MARK, space, ...tail].join('/')}${query}`
        : `/${['api', ...tail].join('/')}${query}`;
    };
    if (head === '') return `/api${query}`;
    if (SPACE_ID.test(head)) return inSpace(head, rest);
    const [space, ...tail] = rest;
    if (lower === 'spaces' && space !== undefined && tail.length > 0) {
      if (!ofSpaceResource.has(tail[0]?.toLowerCase() ?? '')) return inSpace(space, tail);
    }
    // Our own resources keep their word in front: `/api/argonaut/Spaces-1/…`.
    if (lower === OWN && space !== undefined && SPACE_ID.test(space)) return inSpace(space, [head, ...tail]);
    if (ofServer.has(lower)) return `/${['api', head, ...rest].join('/')}${query}`;
    return inSpace(DEFAULT_SPACE, [head, ...rest]);
  };
}

function segments(path: string): string[] {
  return path
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '');
}

/** Which methods the declared routes know for an inner path; empty when nothing is there. For 405. */
export function methodsFor(routes: readonly Route[], path: string): string[] {
  const wanted = segments(path.split('?')[0] ?? '');
  const matches = (pattern: string) => {
    const parts = segments(pattern);
    return (
      parts.length === wanted.length && parts.every((part, i) => part.startsWith(':') || part === wanted[i])
    );
  };
  return [...new Set(routes.filter((route) => patternsOf(route).some(matches)).map((route) => route.method))];
}
