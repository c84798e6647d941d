/** `/packages`: the built-in feed's packages, pushed, listed, downloaded and removed. */
import { Conflict, NotFound } from '@argonaut/contracts';
import {
  type OverwriteMode,
  OverwriteQuery,
  PackageNotesQuery,
  PackageQuery,
  PackageResource,
  PageOf,
  QueryList,
  timestamp,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { Stored } from '../database/index.ts';
import { builtInFeed } from '../feeds/queries.ts';
import { Answer, created, download, empty, page, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { present } from './codec.ts';
import {
  buildInformationOf,
  inOrder,
  type Package,
  packageNamed,
  packagesIn,
  packageVersion,
} from './queries.ts';
import { PACKAGE_LIMIT, type ReceivedFile, receiveFile } from './upload.ts';

/** Octopus's own words: clients look for them. */
const EXISTS = 'A package with the same name and version already exists';

export function packageRoutes(routes: RouteTable, services: Services): void {
  pushRoute(routes, services);
  readingRoutes(routes, services);
  removalRoutes(routes, services);
}

function pushRoute(routes: RouteTable, services: Services): void {
  const { database, blobs, now } = services;
  const packages = packagesIn(database);

  /** Stores or replaces in one transaction; the bytes that nobody names any more go afterwards. */
  const keep = (space: string, mode: OverwriteMode, file: ReceivedFile) =>
    database.transaction(async (): Promise<{ stored: Stored<Package>; status: number }> => {
      const { packageId, version, extension } = file.name;
      const document: Package = {
        PackageId: packageId,
        Version: version,
        FileExtension: extension,
        Published: timestamp(now()),
        Size: file.size,
        Sha1: file.sha1,
        Sha256: file.sha256,
        BlobKey: file.blobKey,
      };
      const existing = await packageVersion(database, space, packageId, version);
      if (existing === undefined) return { stored: await packages.insert({ space, document }), status: 201 };
      if (mode === 'FailIfExists') throw exists(existing);
      if (mode === 'IgnoreIfExists') {
        database.afterCommit(() => forget(services, file.blobKey));
        return { stored: existing, status: 200 };
      }
      const stored = await packages.update(existing, document);
      database.afterCommit(() => forget(services, existing.document.BlobKey));
      return { stored, status: 201 };
    });

  routes.add({
    method: 'POST',
    path: '/packages/raw',
    scope: 'space',
    permission: 'BuiltInFeedPush',
    summary: 'Pushes a package: multipart/form-data with one file, such as Acme.Web.1.0.0.zip',
    query: OverwriteQuery,
    response: PackageResource,
    transaction: false,
    bodyLimit: PACKAGE_LIMIT,
    handle: async ({ request, query, space }) => {
      const mode = query.overwriteMode ?? (query.replace === true ? 'OverwriteExisting' : 'FailIfExists');
      let known: Stored<Package> | undefined;
      const { body, headers } = request;
      const file = await receiveFile(
        services,
        { body, contentType: headers['content-type'] },
        async (name) => {
          known = await packageVersion(database, space, name.packageId, name.version);
          return known === undefined || mode === 'OverwriteExisting';
        },
      );
      if (file === undefined) {
        if (mode === 'FailIfExists' || known === undefined) throw exists(known);
        return new Answer(200, await shown(services, known));
      }
      try {
        const { stored, status } = await keep(space, mode, file);
        const answer = await shown(services, stored);
        return status === 201 ? created(answer) : new Answer(status, answer);
      } catch (error) {
        await blobs.delete(file.blobKey);
        throw error;
      }
    },
  });
}

function readingRoutes(routes: RouteTable, services: Services): void {
  const { database, blobs } = services;
  const packages = packagesIn(database);
  routes.add({
    method: 'GET',
    path: '/packages',
    scope: 'space',
    permission: 'BuiltInFeedDownload',
    summary: 'Lists packages of the built-in feed, each newest first',
    query: PackageQuery,
    response: PageOf(PackageResource),
    handle: async ({ request, query, space }) => {
      const { nuGetPackageId = '', filter = '', latest = false } = query;
      const all = await packages.all({
        space,
        where: { PackageId: nuGetPackageId === '' ? undefined : nuGetPackageId.toLowerCase() },
        partialName: filter || query.partialName,
      });
      const found = inOrder(all, latest);
      const cut = found.slice(query.skip, query.skip + query.take);
      const items = await Promise.all(cut.map((stored) => shown(services, stored)));
      return page(request, query, 'Package', { items, total: found.length });
    },
  });
  routes.add({
    method: 'GET',
    path: '/packages/notes',
    scope: 'space',
    permission: 'BuiltInFeedDownload',
    summary: 'Release notes of packages, named as PackageId:Version or by id',
    query: PackageNotesQuery,
    handle: async ({ query, space }) => {
      const feed = await builtInFeed(database, space);
      const Packages = await Promise.all(
        (query.packageIds ?? []).map((key) => notesOf(services, space, feed.id, key)),
      );
      return { Packages };
    },
  });
  routes.add({
    method: 'GET',
    path: '/packages/:id',
    scope: 'space',
    permission: 'BuiltInFeedDownload',
    summary: 'One package, by id or by PackageId.Version',
    response: PackageResource,
    handle: async ({ params, space }) => shown(services, await packageNamed(database, space, params.id)),
  });
  routes.add({
    method: 'GET',
    path: '/packages/:id/raw',
    scope: 'space',
    permission: 'BuiltInFeedDownload',
    summary: 'The file of a package',
    handle: async ({ params, space }) => {
      const { document } = await packageNamed(database, space, params.id);
      const { PackageId, Version, FileExtension, BlobKey, Size } = document;
      return download(await blobs.get(BlobKey), `${PackageId}.${Version}${FileExtension}`, Size);
    },
  });
}

function removalRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const remove = async (stored: Stored<Package>) => {
    await packagesIn(database).remove(stored.id);
    database.afterCommit(() => forget(services, stored.document.BlobKey));
  };
  routes.add({
    method: 'DELETE',
    path: '/packages/:id',
    scope: 'space',
    permission: 'BuiltInFeedAdminister',
    summary: 'Deletes a package',
    handle: async ({ params, space }) => {
      await remove(await packageNamed(database, space, params.id));
      return empty();
    },
  });
  routes.add({
    method: 'DELETE',
    path: '/packages/bulk',
    scope: 'space',
    permission: 'BuiltInFeedAdminister',
    summary: 'Deletes several packages; those that do not exist are passed over',
    query: Type.Object({ ids: QueryList }),
    handle: async ({ query, space }) => {
      for (const id of query.ids ?? []) {
        const stored = await packageNamed(database, space, id).catch(absent);
        if (stored !== undefined) await remove(stored);
      }
      return empty();
    },
  });
}

async function shown(services: Services, stored: Stored<Package>) {
  const { database } = services;
  const { PackageId, Version } = stored.document;
  const feed = await builtInFeed(database, stored.spaceId);
  return present(stored, feed.id, await buildInformationOf(database, stored.spaceId, PackageId, Version));
}

async function notesOf(services: Services, space: string, feedId: string, key: string) {
  const stored = await packageNamed(services.database, space, key.replace(':', '.')).catch(absent);
  const Notes = {
    Succeeded: stored !== undefined,
    Notes: '',
    DisplayMessage: stored === undefined ? `The package "${key}" was not found.` : '',
    FailureReason: stored === undefined ? 'NotFound' : null,
  };
  const [packageId = key, version = ''] = key.split(':');
  return {
    PackageId: stored?.document.PackageId ?? packageId,
    FeedId: feedId,
    Version: stored?.document.Version ?? version,
    Notes,
  };
}

function absent(error: unknown): undefined {
  if (error instanceof NotFound) return undefined;
  throw error;
}

function exists(stored: Stored<Package> | undefined): Conflict {
  const name = stored === undefined ? '' : ` (${stored.document.PackageId} ${stored.document.Version})`;
  return new Conflict(
    `${EXISTS}${name}. Push another version, or ask for overwriteMode=OverwriteExisting or IgnoreIfExists.`,
  );
}

function forget({ blobs, log }: Services, key: string): void {
  blobs.delete(key).catch((error) => log.warn({ err: error, key }, 'bytes of a package were not removed'));
}
