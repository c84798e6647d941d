/** Feeds on the wire: sensitive fields are sealed on the way in and shown as `HasValue` on the way out. */
import type { WritableFeed } from '@argonaut/contracts/rest';
import { type KeyRing, type Place, partFields, type Stored, showFields } from '../database/index.ts';
import { fieldsOf, resourceOf } from '../http/index.ts';
import { FEED_KIND, type Feed } from './queries.ts';

/** The sensitive fields that a kind of feed always shows. Others are shown once a client has sent them. */
const SECRET_FIELDS: Readonly<Record<string, readonly string[]>> = {
  BuiltIn: [],
  OctopusProject: [],
  AwsElasticContainerRegistry: ['SecretKey'],
  S3: ['SecretKey'],
};
const USUAL_SECRET_FIELDS = ['Password'];

/** Fields that a kind of feed has when a client leaves them out. */
const RETRIED = { DownloadAttempts: 5, DownloadRetryBackoffSeconds: 10 };

export function secretPlace(id: string, field: string): Place {
  return { kind: FEED_KIND.name, id, field };
}

export function documentOf(keys: KeyRing, id: string, body: WritableFeed, stored?: Feed): Feed {
  const { plain, secrets } = partFields(
    keys,
    fieldsOf(body),
    (field) => secretPlace(id, field),
    (field) => secretFieldsOf(body.FeedType).includes(field),
    stored?.Secrets,
  );
  const isRetried = body.FeedType !== 'BuiltIn' && body.FeedType !== 'OctopusProject';
  return { ...(isRetried ? RETRIED : {}), ...(plain as unknown as WritableFeed), Secrets: secrets };
}

export function present(stored: Stored<Feed>) {
  const { Secrets, ...fields } = stored.document;
  const self = `/api/${stored.spaceId}/feeds/${stored.id}`;
  const shown = showFields(secretFieldsOf(fields.FeedType), Secrets);
  return resourceOf({ ...stored, document: { ...fields, ...shown } }, self, {
    SearchPackagesTemplate: `${self}/packages/search{?term,skip,take}`,
    SearchPackageVersionsTemplate: `${self}/packages/versions{?packageId,take,skip,includePreRelease,versionRange,preReleaseTag,filter,includeReleaseNotes}`,
    VersionsTemplate: `${self}/packages{?packageIds}`,
    Notes: `${self}/packages/notes{?packageId,version}`,
    Test: `/api/argonaut/${stored.spaceId}/feeds/${stored.id}/test`,
  });
}

function secretFieldsOf(type: string): readonly string[] {
  return SECRET_FIELDS[type] ?? USUAL_SECRET_FIELDS;
}
