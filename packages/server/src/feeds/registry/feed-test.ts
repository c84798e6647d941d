/**
 * The feed test: what "Save and test" shows. It reaches the registry, signs in, and, when an image is named,
 * resolves that image with the feed's credentials, because only this proves that a deployment will find it.
 * A registry that cannot be searched is no failure: names are then typed in full.
 */

import { timestamp } from '@argonaut/contracts/rest';
import type { RegistryClient } from './client.ts';
import { RateLimited, RegistryError, type RegistryFault, Unauthorized } from './errors.ts';
import { TagNotFound } from './image-errors.ts';
import type { PingResult } from './ping.ts';
import type { ResolvedImage } from './resolve.ts';
import { meansNoCatalogue } from './search.ts';

export type CheckName = 'Connection' | 'Credentials' | 'Search' | 'Image';

export interface FeedCheck {
  readonly name: CheckName;
  readonly status: 'Passed' | 'Warning' | 'Failed' | 'Skipped';
  readonly message: string;
}

export interface FeedFailure {
  readonly fault: RegistryFault;
  readonly message: string;
  /** Tags to offer instead, nearest first. */
  readonly nearestTags: readonly string[];
  /** ISO 8601, when the registry limits us and says until when. */
  readonly limitedUntil: string | null;
}

export interface TestedImage extends ResolvedImage {
  /** As given. */
  readonly name: string;
  readonly repository: string;
  /** `null` when a digest was asked for. */
  readonly tag: string | null;
  /** What a worker would pull. */
  readonly pullName: string;
}

export interface FeedVerdict {
  readonly passed: boolean;
  /** One sentence. */
  readonly summary: string;
  /** In the order they were made. */
  readonly checks: readonly FeedCheck[];
  readonly image: TestedImage | null;
  readonly failure: FeedFailure | null;
}

/** Faults of the registry become the verdict; anything else, such as the signal's reason, is thrown. */
export async function testFeed(
  client: RegistryClient,
  imageName?: string,
  signal?: AbortSignal,
): Promise<FeedVerdict> {
  const checks: FeedCheck[] = [];
  const wanted = imageName?.trim() || null;
  let stage: CheckName = 'Connection';
  try {
    const letIn = await connect(client, wanted !== null, signal);
    checks.push(connected(client), credentials(client, letIn));
    if (wanted === null) {
      stage = 'Search';
      checks.push(await searchable(client, signal));
      return verdict(checks, null, `The feed "${client.feedName}" answers.`);
    }
    stage = 'Image';
    const image = await resolveNamed(client, wanted, checks, signal);
    return verdict(checks, image, `The feed "${client.feedName}" answers and has "${wanted}".`);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (stage === 'Connection' && error instanceof Unauthorized) {
      // It was reached; what failed is signing in.
      checks.push(connected(client));
      stage = 'Credentials';
    }
    checks.push({ name: stage, status: 'Failed', message: error.message });
    return { passed: false, summary: error.message, checks, image: null, failure: failureOf(error) };
  }
}

/**
 * Some registries of public images ask everybody to sign in at `/v2/` and still give their images to anybody. With
 * an image to try, the image decides; `null` says that signing in is an open question.
 */
async function connect(
  client: RegistryClient,
  hasImage: boolean,
  signal: AbortSignal | undefined,
): Promise<PingResult | null> {
  try {
    return await client.ping(signal);
  } catch (error) {
    if (error instanceof Unauthorized && !client.hasCredentials && hasImage) return null;
    throw error;
  }
}

function connected(client: RegistryClient): FeedCheck {
  return {
    name: 'Connection',
    status: 'Passed',
    message: `A registry answers at ${client.endpoint.api.origin}.`,
  };
}

function credentials(client: RegistryClient, letIn: PingResult | null): FeedCheck {
  const name = 'Credentials';
  const readable = client.endpoint.api.protocol === 'http:';
  if (!client.hasCredentials) {
    const limited = client.endpoint.isDockerHub ? ' Docker Hub limits pulls without an account.' : '';
    return limited === '' && letIn !== null
      ? { name, status: 'Passed', message: 'The registry lets anybody in; the feed has no credentials.' }
      : {
          name,
          status: 'Warning',
          message: `The feed has no credentials.${limited} Images that are not public will not be found.`,
        };
  }
  if (letIn?.user == null) {
    return {
      name,
      status: 'Warning',
      message:
        'The registry did not ask who we are, so the credentials are not proven. Test with an image that needs them.',
    };
  }
  const accepted = `The registry accepted the user "${letIn.user}".`;
  return readable
    ? {
        name,
        status: 'Warning',
        message: `${accepted} The address says "http://": the password travels readable.`,
      }
    : { name, status: 'Passed', message: accepted };
}

async function searchable(client: RegistryClient, signal: AbortSignal | undefined): Promise<FeedCheck> {
  const name = 'Search';
  if (client.endpoint.isDockerHub)
    return { name, status: 'Passed', message: 'Public images can be searched.' };
  try {
    const { names, complete } = await client.catalogue(signal);
    const amount = `${complete ? '' : 'more than '}${names.length}`;
    return {
      name,
      status: 'Passed',
      message: `The catalogue lists ${amount} image${names.length === 1 ? '' : 's'}.`,
    };
  } catch (error) {
    if (!meansNoCatalogue(error)) throw error;
    return {
      name,
      status: 'Skipped',
      message: 'This registry cannot be searched. Type image names in full.',
    };
  }
}

async function resolveNamed(
  client: RegistryClient,
  wanted: string,
  checks: FeedCheck[],
  signal: AbortSignal | undefined,
): Promise<TestedImage> {
  const { repository, tag, digest } = client.image(wanted);
  const reference = digest ?? tag ?? 'latest';
  const resolved = await client.resolve(repository, reference, signal);
  const assumed = digest === null && tag === null;
  checks.push({
    name: 'Image',
    status: assumed ? 'Warning' : 'Passed',
    message: `${assumed ? 'No tag was given, so "latest" was taken; name a tag in steps. ' : ''}It is ${resolved.digest}.`,
  });
  return {
    ...resolved,
    name: wanted,
    repository,
    tag: digest === null ? reference : null,
    pullName: client.pullName(repository, resolved.digest),
  };
}

function verdict(checks: readonly FeedCheck[], image: TestedImage | null, summary: string): FeedVerdict {
  return { passed: true, summary, checks, image, failure: null };
}

function failureOf(error: RegistryError): FeedFailure {
  return {
    fault: error.fault,
    message: error.message,
    nearestTags: error instanceof TagNotFound ? error.nearestTags : [],
    limitedUntil: error instanceof RateLimited && error.until ? timestamp(error.until) : null,
  };
}
