/** Keeps the files that scripts declare: `ArtifactStore` over blobs. */
import { Readable } from 'node:stream';
import { timestamp } from '@argonaut/contracts/rest';
import type { ArtifactStore } from '../execution/index.ts';
import type { Services } from '../services.ts';
import { tasksIn } from '../tasks/queries.ts';
import { artifactsIn, contentKey } from './queries.ts';

export function artifactStore(services: Services): ArtifactStore {
  const { database, blobs } = services;
  const artifacts = artifactsIn(database);
  return {
    async put(task, { id: declared, attempt, name, path }, content) {
      const { spaceId, document } = await tasksIn(database).get(task);
      const [known] = await artifacts.all({ where: { Declared: `${task} ${declared}` }, take: 1 });
      // Content first: an artifact that people see can be fetched.
      const id = known?.id ?? (await artifacts.allocate());
      const Size = await blobs.put(contentKey(id), Readable.from(content));
      await database.transaction(async () => {
        if (known !== undefined) {
          await artifacts.update(known, { ...known.document, Size });
          return;
        }
        await artifacts.insert({
          id,
          space: spaceId,
          document: {
            Filename: name,
            Source: path,
            ServerTaskId: task,
            LogCorrelationId: attempt,
            Created: timestamp(services.now()),
            Size,
            RelatedDocumentIds: document.RelatedDocumentIds,
            Declared: `${task} ${declared}`,
          },
        });
      });
    },
  };
}
