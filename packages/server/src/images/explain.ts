/**
 * Why a worker did not get an image. An engine passes on little of what a registry said, and knows nothing of feeds; the
 * server asks the feed's registry itself, with the mechanism of the feed test, and says what it finds.
 */
import { ArgonautError, kindOf, messageOf, NotFound } from '@argonaut/contracts';
import type { ImageFailure } from '../execution/index.ts';
import type { ImageFeed, WorkerImage } from '../feeds/index.ts';
import { RegistryError, type RegistryFault } from '../feeds/registry/index.ts';
import type { TableOwner } from './owner.ts';

/** For the question to the registry; somebody waits for the task. */
const PATIENCE_MS = 10_000;

/** The content that a release is fixed to is in no place any more where it could be had from. */
export class ImageDigestGone extends NotFound {
  /** @param asked the feed whose registry was asked; absent: nobody could be */
  constructor(
    { name, feed }: WorkerImage,
    digest: string,
    worker: string,
    owner: TableOwner | undefined,
    asked: ImageFeed | undefined,
  ) {
    const where = asked === undefined ? 'Its registry' : `The registry of the feed "${asked.name}"`;
    const body = JSON.stringify({ FeedId: feed?.id ?? '', Image: name });
    super(
      [
        `The image "${name}" is fixed to ${digest}${owner === undefined ? '' : ` in ${owner.title}`}.`,
        `${where} does not have that content any more, and the worker "${worker}" does not have it either.`,
        owner === undefined
          ? 'Push it again, or name another digest.'
          : `Push it again; or accept what the tag is now (POST ${owner.path}/accept-current-digest with ${body}) and try again; or create a new release.`,
      ].join(' '),
      { details: { fault: 'DigestNotFound', feed: feed?.id ?? '', image: name, digest } },
    );
    this.name = 'ImageDigestGone';
  }
}

/** `found`: the registry has it, as far as the server can tell. */
type Finding = { readonly found: true } | { readonly found: false; readonly error: RegistryError };

/** `feed`: whose registry can be asked (`feedToAsk`). */
export async function explainFailure(
  image: WorkerImage,
  feed: ImageFeed | undefined,
  owner: TableOwner | undefined,
  { error, worker, digest }: ImageFailure,
  signal: AbortSignal,
): Promise<Error> {
  // Other failures (a foreign platform, a policy) are the worker's own and say what they are.
  if (!(error instanceof ArgonautError) || error.details.engineMessage === undefined) return error;
  const said = `Worker "${worker}": ${messageOf(error)}`;
  const of = feed === undefined ? '' : ` of the feed "${feed.name}"`;
  const plainly = () => reworded(error, `The image "${image.name}"${of} cannot be had. ${said}`);
  // Its disk is no matter of the registry's; and what was refused once is not tried from here, or an account is locked.
  if (error.details.ofWorker === true || error.details.credentialsRefused === true) return plainly();
  const isMissing = kindOf(error) === 'NotFound';
  const finding = feed && (await ask(feed, digest, signal));
  if (digest !== undefined && isMissing && finding?.found !== true) {
    return new ImageDigestGone(image, digest, worker, owner, feed);
  }
  if (feed === undefined || finding === undefined) return error;
  if (finding.found) {
    return reworded(
      error,
      `The worker "${worker}" does not get the image "${image.name}" of the feed "${feed.name}", although the server finds it there. Look at how the worker reaches the registry (its address as "Registry path" of the feed, network, proxy, certificates) and at its disk. ${said}`,
    );
  }
  // The registry did answer the worker, so what keeps the server from reaching it is beside the point.
  if (UNANSWERED.has(finding.error.fault) && ANSWERED.has(kindOf(error) ?? '')) {
    return plainly();
  }
  return finding.error;
}

async function ask(
  feed: ImageFeed,
  digest: string | undefined,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  try {
    await feed.client.resolve(feed.repository, digest ?? feed.tagOrDigest, signal, PATIENCE_MS);
    return { found: true };
  } catch (error) {
    return error instanceof RegistryError ? { found: false, error } : undefined;
  }
}

const UNANSWERED: ReadonlySet<RegistryFault> = new Set([
  'Unreachable',
  'Tls',
  'ServerError',
  'NotARegistry',
  'InvalidAnswer',
  'UnsafeRedirect',
]);

const ANSWERED: ReadonlySet<string> = new Set(['NotFound', 'Unauthorised', 'Forbidden']);

function reworded(error: ArgonautError, message: string): ArgonautError {
  return new ArgonautError(error.kind, message, { cause: error, details: error.details });
}
