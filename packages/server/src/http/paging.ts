/** Lists as pages, with the links that clients follow until `Page.Next` is missing. */
import type { FastifyRequest } from 'fastify';

/** As many page links as are listed one by one; with `take=1` a list could have millions. */
const NUMBERED_LINKS = 50;

export interface Page<T> {
  readonly ItemType: string;
  readonly TotalResults: number;
  readonly ItemsPerPage: number;
  readonly NumberOfPages: number;
  readonly LastPageNumber: number;
  readonly IsStale: boolean;
  readonly Items: readonly T[];
  readonly Links: Readonly<Record<string, string>>;
}

/** The page of a list that the request asked for; `items` are already cut to it. */
export function page<T>(
  request: FastifyRequest,
  query: { readonly skip: number; readonly take: number },
  itemType: string,
  found: { readonly items: readonly T[]; readonly total: number },
): Page<T> {
  const size = query.take;
  const pages = size === 0 ? 1 : Math.max(1, Math.ceil(found.total / size));
  // Behind the end there is no page: links lead back to the last one.
  const current = size === 0 ? 0 : Math.min(Math.floor(query.skip / size), pages - 1);
  const at = (number: number) => link(request.originalUrl, number * size, size);
  const path = request.originalUrl.split('?')[0] ?? '';
  const links: Record<string, string> = {
    Self: request.originalUrl,
    Template: `${path}{?skip,take,ids,partialName}`,
    'Page.All': link(request.originalUrl, 0, 2_147_483_647),
    'Page.Current': at(current),
    'Page.Last': at(pages - 1),
  };
  if (query.skip + size < found.total && size > 0)
    links['Page.Next'] = link(request.originalUrl, query.skip + size, size);
  if (query.skip > 0)
    links['Page.Previous'] = link(
      request.originalUrl,
      Math.max(0, Math.min(query.skip - size, (pages - 1) * size)),
      size,
    );
  for (let number = 0; number < Math.min(pages, NUMBERED_LINKS); number += 1)
    links[`Page.${number}`] = at(number);
  return {
    ItemType: itemType,
    TotalResults: found.total,
    ItemsPerPage: size,
    NumberOfPages: pages,
    LastPageNumber: pages - 1,
    IsStale: false,
    Items: found.items,
    Links: links,
  };
}

/** The same request with other numbers: filters stay. */
function link(url: string, skip: number, take: number): string {
  const [path = '', query = ''] = url.split('?');
  const parameters = new URLSearchParams(query);
  for (const key of [...parameters.keys()]) {
    if (/^(skip|take|apikey)$/i.test(key)) parameters.delete(key);
  }
  parameters.set('skip', String(skip));
  parameters.set('take', String(take));
  return `${path}?${parameters}`;
}
