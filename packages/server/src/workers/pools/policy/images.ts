/** Which images the steps of a pool may use. */
import { Invalid } from '@argonaut/contracts';
import type { Database } from '../../../database/index.ts';
import { poolsIn } from '../queries.ts';
import { policyOfPool } from './queries.ts';

/** Where an image comes from: a feed, or a registry that the image names itself; `built`: from a Dockerfile of the step. */
export type ImageSource =
  | { readonly kind: 'feed'; readonly id: string; readonly name: string }
  | { readonly kind: 'registry'; readonly host: string }
  | { readonly kind: 'built' };

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
