/** `/artifacts`: list by what they are about, read and write their content. */

import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Invalid } from '@argonaut/contracts';
import {
  ArtifactQuery,
  ArtifactResource,
  PageOf,
  timestamp,
  WritableArtifact,
} from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { created, download, empty, page, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { tasksIn } from '../tasks/queries.ts';
import { type Artifact, artifactsIn, contentKey } from './queries.ts';

/** Larger than the limit of JSON bodies; artifacts stream to disk. */
const CONTENT_LIMIT = 10 * 1024 * 1024 * 1024;

export function artifactRoutes(routes: RouteTable, services: Services): void {
  const { database, blobs } = services;
  const artifacts = artifactsIn(database);

  routes.add({
    method: 'GET',
    path: '/artifacts',
    scope: 'space',
    permission: 'ArtifactView',
    summary: 'Lists artifacts, newest first',
    query: ArtifactQuery,
    response: PageOf(ArtifactResource),
    handle: async ({ request, query, space }) => {
      const found = await artifacts.list({
        ids: query.ids,
        skip: query.skip,
        take: query.take,
        partialName: query.partialName,
        space,
        where: { Regarding: query.regarding },
        order: query.order?.toLowerCase() === 'asc' ? 'oldest' : 'newest',
      });
      return page(request, query, 'Artifact', { items: found.items.map(present), total: found.total });
    },
  });
  routes.add({
    method: 'GET',
    path: '/artifacts/:id',
    scope: 'space',
    permission: 'ArtifactView',
    summary: 'One artifact',
    response: ArtifactResource,
    handle: async ({ params, space }) => present(await artifacts.get(params.id, space)),
  });
  routes.add({
    method: 'POST',
    path: '/artifacts',
    scope: 'space',
    permission: 'ArtifactCreate',
    summary: 'Makes an artifact; its content is sent next',
    body: WritableArtifact,
    response: ArtifactResource,
    handle: async ({ body, space }) => {
      const task = body.ServerTaskId ? await tasksIn(database).find(body.ServerTaskId, space) : undefined;
      if (body.ServerTaskId && task === undefined) {
        throw new Invalid(
          `The task ${body.ServerTaskId} does not exist in this space. Name one that does, or none.`,
        );
      }
      const stored = await artifacts.insert({
        space,
        document: {
          Filename: body.Filename,
          Source: body.Source ?? '',
          ServerTaskId: body.ServerTaskId ?? '',
          LogCorrelationId: body.LogCorrelationId ?? '',
          Created: timestamp(services.now()),
          Size: 0,
          RelatedDocumentIds: task?.document.RelatedDocumentIds ?? [],
          Declared: '',
        },
      });
      return created(present(stored));
    },
  });
  routes.add({
    method: 'PUT',
    path: '/artifacts/:id',
    scope: 'space',
    permission: 'ArtifactEdit',
    summary: 'Renames an artifact',
    body: WritableArtifact,
    response: ArtifactResource,
    handle: async ({ params, body, space }) => {
      const stored = await artifacts.get(params.id, space);
      return present(await artifacts.update(stored, { ...stored.document, Filename: body.Filename }));
    },
  });
  routes.add({
    method: 'DELETE',
    path: '/artifacts/:id',
    scope: 'space',
    permission: 'ArtifactDelete',
    summary: 'Deletes an artifact with its content',
    handle: async ({ params, space }) => {
      const stored = await artifacts.get(params.id, space);
      await artifacts.remove(stored.id);
      database.afterCommit(() => {
        blobs
          .delete(contentKey(stored.id))
          .catch((error) => services.log.warn({ error }, 'artifact content'));
      });
      return empty();
    },
  });
  contentRoutes(routes, services);
}

function contentRoutes(routes: RouteTable, { database, blobs }: Services): void {
  const artifacts = artifactsIn(database);
  routes.add({
    method: 'GET',
    path: '/artifacts/:id/content',
    scope: 'space',
    permission: 'ArtifactView',
    summary: 'The content of an artifact',
    handle: async ({ params, space }) => {
      const { id, document } = await artifacts.get(params.id, space);
      const size = await blobs.size(contentKey(id));
      if (size === undefined) return download(Buffer.alloc(0), document.Filename, 0);
      return download(await blobs.get(contentKey(id)), document.Filename, size);
    },
  });
  routes.add({
    method: 'PUT',
    path: '/artifacts/:id/content',
    scope: 'space',
    permission: 'ArtifactCreate',
    summary: 'Stores the content of an artifact',
    transaction: false,
    bodyLimit: CONTENT_LIMIT,
    handle: async ({ params, space, request }) => {
      const stored = await artifacts.get(params.id, space);
      const Size = await blobs.put(contentKey(stored.id), await contentOf(request.body));
      const now = await artifacts.get(stored.id, space);
      return present(await artifacts.update(now, { ...now.document, Size }));
    },
  });
}

/** Anything but JSON is a stream; JSON has been parsed on its way here. */
async function contentOf(body: unknown): Promise<Readable | Uint8Array> {
  if (body instanceof Readable) return body;
  if (body instanceof Uint8Array) return body;
  if (body === undefined || body === null) return buffer(Readable.from([]));
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function present({ id, spaceId, document }: Stored<Artifact>) {
  const { RelatedDocumentIds: _, Declared: __, ...rest } = document;
  const self = `/api/${spaceId}/artifacts/${id}`;
  return { Id: id, SpaceId: spaceId, ...rest, Links: { Self: self, Content: `${self}/content` } };
}
