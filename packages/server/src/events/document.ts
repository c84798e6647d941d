/** The events of documents: made, changed, deleted. */
import type { Kind, Stored } from '../database/index.ts';
import type { Happening } from './record.ts';

const VERBS = { Created: 'created', Modified: 'changed', Deleted: 'deleted' } as const;

/** What people look for when they ask what happened in a project. */
const OWNERS = ['ProjectId', 'RunbookId', 'OwnerId'] as const;

/** `Environment Production was created`, about the document and what it belongs to. */
export function documentEvent<T extends object>(
  category: keyof typeof VERBS,
  kind: Kind<T>,
  { id, document }: Stored<T>,
): Happening {
  const name = kind.nameOf(document) || id;
  const title = kind.title.charAt(0).toUpperCase() + kind.title.slice(1);
  const owners = [
    kind.parentOf?.(document),
    ...OWNERS.map((field) => (document as Readonly<Record<string, unknown>>)[field]),
  ].filter((owner): owner is string => typeof owner === 'string' && owner !== '');
  return {
    category,
    message: `${title} ${name} was ${VERBS[category]}`,
    related: [id, ...owners],
    mentions: [{ id, text: name }],
  };
}
