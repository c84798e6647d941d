/** `PackageDirectory` over feeds: finds the bytes of the version that a release has chosen. */
import { Invalid, NotFound } from '@argonaut/contracts';
import type { PackageDirectory } from '../execution/index.ts';
import { feedNamed, isRegistry } from '../feeds/queries.ts';
import { packageVersion, versionsOf } from '../packages/queries.ts';
import type { Services } from '../services.ts';
import { tasksIn } from '../tasks/queries.ts';

/** Of so many versions that exist a message tells. */
const SHOWN_VERSIONS = 5;

export function packageDirectory(services: Services): PackageDirectory {
  const { database, blobs } = services;
  return {
    async find({ feed, packageId, version }, { task }) {
      const { spaceId } = await tasksIn(database).get(task);
      const { document } = await feedNamed(database, spaceId, feed);
      if (document.FeedType !== 'BuiltIn') {
        throw new Invalid(
          isRegistry(document)
            ? `The package "${packageId}" is in the feed "${document.Name}", whose packages are images; a step gets files from the built-in feed only. Run the step in the image, or set the reference to "not acquired" and use its variables.`
            : `The package "${packageId}" is in the feed "${document.Name}" of type ${document.FeedType}, from which this server cannot take packages. Push it to the built-in feed, and name that feed in the step.`,
        );
      }
      const found = await packageVersion(database, spaceId, packageId, version);
      if (found === undefined) {
        throw new NotFound(await missing(services, spaceId, document.Name, packageId, version));
      }
      const { PackageId, Version, FileExtension, Size, Sha256, BlobKey } = found.document;
      return {
        packageId: PackageId,
        version: Version,
        extension: FileExtension,
        sizeBytes: Size,
        sha256: Sha256.toLowerCase(),
        async *content(signal) {
          const bytes = await blobs.get(BlobKey);
          const stop = () => bytes.destroy();
          signal.addEventListener('abort', stop, { once: true });
          try {
            yield* bytes as AsyncIterable<Uint8Array>;
          } finally {
            signal.removeEventListener('abort', stop);
            bytes.destroy();
          }
        },
      };
    },
  };
}

async function missing(
  { database }: Services,
  space: string,
  feed: string,
  packageId: string,
  version: string,
): Promise<string> {
  const versions = (await versionsOf(database, space, packageId)).map(({ document }) => document.Version);
  const there =
    versions.length === 0
      ? 'It has no version of this package'
      : `It has ${versions.slice(0, SHOWN_VERSIONS).join(', ')}${versions.length > SHOWN_VERSIONS ? ', …' : ''}`;
  return `The package "${packageId}" ${version} is not in the feed "${feed}". ${there}. Push it, or choose another version in a new release.`;
}
