/** The events of documents: made, changed, deleted. */
import type { Kind, Stored } from '../database/index.ts';
import type { Happening } from './record.ts';

const VERBS = { Created: 'created', Modified: 'changed', Deleted: 'deleted' } as const;

/** `Environment Production was created`, about the document and its owner. */
export function documentEvent<T extends object>(
  category: keyof typeof VERBS,
  kind: Kind<T>,
  { id, document }: Stored<T>,
): Happening {
  const name = kind.nameOf(document) || id;
  const title = kind.title.charAt(0).toUpperCase() + kind.title.slice(1);
  const owner = kind.parentOf?.(document) ?? '';
  return {
    category,
    message: `${title} ${name} was ${VERBS[category]}`,
    related: owner === '' ? [id] : [id, owner],
    mentions: [{ id, text: name }],
  };
}
