/** Feeds on the wire: sensitive fields are sealed on the way in and shown as `HasValue` on the way out. */
import type { SensitiveValue, WritableFeed } from '@argonaut/contracts/rest';
import {
  type KeyRing,
  type Place,
  type Sealed,
  type Stored,
  sealSensitive,
  showSensitive,
} from '../database/index.ts';
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

/** What is stored for a body; every field that has the form of a sensitive value is one, also in unknown fields. */
export function documentOf(keys: KeyRing, id: string, body: WritableFeed, stored?: Feed): Feed {
  const plain: Record<string, unknown> = {};
  const secrets: Record<string, Sealed> = { ...stored?.Secrets };
  for (const [field, value] of Object.entries(fieldsOf(body))) {
    const isSecret = isSensitive(value) || secretFieldsOf(body.FeedType).includes(field) || field in secrets;
    if (!isSecret) {
      plain[field] = value;
      continue;
    }
    const incoming = value as SensitiveValue | string | null | undefined;
    const sealed = sealSensitive(keys, secretPlace(id, field), incoming, stored?.Secrets[field]);
    if (sealed === undefined) delete secrets[field];
    else secrets[field] = sealed;
  }
  const isRetried = body.FeedType !== 'BuiltIn' && body.FeedType !== 'OctopusProject';
  return { ...(isRetried ? RETRIED : {}), ...(plain as unknown as WritableFeed), Secrets: secrets };
}

export function present(stored: Stored<Feed>) {
  const { Secrets, ...fields } = stored.document;
  const self = `/api/${stored.spaceId}/feeds/${stored.id}`;
  const names = [...new Set([...secretFieldsOf(fields.FeedType), ...Object.keys(Secrets)])];
  const shown = Object.fromEntries(names.map((name) => [name, showSensitive(Secrets[name])]));
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

function isSensitive(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('NewValue' in value || 'HasValue' in value);
}
