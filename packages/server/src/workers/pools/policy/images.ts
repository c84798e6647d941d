/** Which images the steps of a pool may use, and when these are pulled. */
import { Invalid } from '@argonaut/contracts';
import type { PullPolicy } from '@argonaut/orchestrator';
import type { Database } from '../../../database/index.ts';
import type { WorkerImage } from '../../../feeds/index.ts';
import { parseReference } from '../../../feeds/registry/index.ts';
import { poolsIn } from '../queries.ts';
import { policyOfPool } from './queries.ts';

/** Where an image comes from: a feed, or a registry that the image names itself; `built`: from a Dockerfile of the step. */
export type ImageSource =
  | { readonly kind: 'feed'; readonly id: string; readonly name: string }
  | { readonly kind: 'registry'; readonly host: string }
  | { readonly kind: 'built' };

/** Of an image that a worker pulls. */
export function sourceOf({ feed, reference }: WorkerImage): ImageSource {
  if (feed !== undefined) return { kind: 'feed', id: feed.id, name: feed.name };
  return { kind: 'registry', host: parseReference(reference).registry };
}

/** @throws Invalid with what the pool allows */
export async function checkImageSource(
  database: Database,
  poolId: string,
  source: ImageSource,
): Promise<void> {
  const { Feeds = [], Registries = [] } = await policyOfPool(database, poolId);
  // One list that says something says it for all images: what is in neither is not allowed.
  if (Feeds.length + Registries.length === 0) return;
  if (source.kind === 'feed' && Feeds.includes(source.id)) return;
  if (
    source.kind === 'registry' &&
    Registries.some((host) => host.toLowerCase() === source.host.toLowerCase())
  )
    return;
  const pool = (await poolsIn(database).find(poolId))?.document.Name ?? poolId;
  const what =
    source.kind === 'built'
      ? 'An image that is built from a Dockerfile'
      : source.kind === 'feed'
        ? `An image of the feed "${source.name}"`
        : `An image of the registry ${source.host}`;
  const allowed = [
    ...(Feeds.length > 0 ? [`the feeds ${Feeds.join(', ')}`] : []),
    ...(Registries.length > 0 ? [`the registries ${Registries.join(', ')}`] : []),
  ].join(' and ');
  throw new Invalid(
    `${what} is refused by the policy of worker pool "${pool}": its images come from ${allowed}. Use one of them, or change what the pool allows.`,
  );
}

const WORDS = { Always: 'always', IfNotPresent: 'if-not-present', Never: 'never' } as const;

/**
 * What the step asks for, within what the pool allows. Where neither says anything: a feed's tag may have moved since it
 * was pulled last, so it is asked; what names no feed may exist on the worker only.
 * @throws Invalid with what the pool allows
 */
export async function pullPolicy(
  database: Database,
  poolId: string,
  asked: PullPolicy | undefined,
  source: ImageSource,
): Promise<PullPolicy> {
  const { ImagePolicies = [] } = await policyOfPool(database, poolId);
  const allowed = ImagePolicies.map((word) => WORDS[word]);
  if (asked === undefined) return allowed[0] ?? (source.kind === 'feed' ? 'always' : 'if-not-present');
  if (allowed.length === 0 || allowed.includes(asked)) return asked;
  const word = Object.entries(WORDS).find(([, policy]) => policy === asked)?.[0];
  const pool = (await poolsIn(database).find(poolId))?.document.Name ?? poolId;
  throw new Invalid(
    `The step asks for the image policy ${word}, which the policy of worker pool "${pool}" refuses: it allows only ${ImagePolicies.join(', ')}. Choose one of them for the step, or change what the pool allows.`,
  );
}
