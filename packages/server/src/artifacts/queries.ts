/** How artifacts are stored and found. The content is a blob under the artifact's id. */
import { Collection, type Database, type Kind } from '../database/index.ts';

export interface Artifact {
  readonly Filename: string;
  readonly Source: string;
  readonly ServerTaskId: string;
  /** The attempt that made it; the activity of that name in the task's log. */
  readonly LogCorrelationId: string;
  readonly Created: string;
  readonly Size: number;
  readonly RelatedDocumentIds: readonly string[];
  /** The attempt's own name for it; empty for one that a client made. */
  readonly Declared: string;
}

const kind: Kind<Artifact> = {
  name: 'Artifacts',
  title: 'artifact',
  nameOf: (artifact) => artifact.Filename,
  uniqueNames: false,
  order: 'newest',
  index: (artifact) => ({
    Regarding: [artifact.ServerTaskId, ...artifact.RelatedDocumentIds],
    Declared: artifact.Declared,
  }),
};

export function artifactsIn(database: Database): Collection<Artifact> {
  return new Collection(database, kind);
}

export function contentKey(id: string): string {
  return `artifacts/${id}`;
}
