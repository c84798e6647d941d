/** How library variable sets are stored and found. The variables themselves lie in a set that they own. */
import type { WritableLibraryVariableSet } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind } from '../../database/index.ts';

export type LibraryVariableSet = WritableLibraryVariableSet;

const libraryVariableSet: Kind<LibraryVariableSet> = {
  name: 'LibraryVariableSets',
  title: 'library variable set',
  nameOf: (document) => document.Name,
  index: (document) => ({ ContentType: document.ContentType }),
};

export function libraryVariableSetsIn(database: Database): Collection<LibraryVariableSet> {
  return new Collection(database, libraryVariableSet);
}
