/** Events on the wire. */
import { timestamp } from '@argonaut/contracts/rest';
import type { StoredEvent } from './queries.ts';

export function present({ number, spaceId, occurred, category, userId, body }: StoredEvent) {
  const Id = `Events-${number}`;
  const prefix = spaceId === '' ? '/api' : `/api/${spaceId}`;
  return {
    Id,
    ...(spaceId === '' ? { SpaceId: null } : { SpaceId: spaceId }),
    Category: category,
    UserId: userId === '' ? null : userId,
    Occurred: timestamp(new Date(occurred)),
    ...body,
    MessageHtml: escapeHtml(body.Message),
    Comments: null,
    Links: { Self: `${prefix}/events/${Id}` },
  };
}

/** Names in a message are what people typed. */
function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
