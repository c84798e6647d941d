/** The registry behind a feed: one client per feed and version of its fields, so that tokens and limits are kept. */
import { Invalid, type Secret } from '@argonaut/contracts';
import { openSensitive, type Stored } from '../database/index.ts';
import { OutboundPolicy, outboundFetch } from '../outbound/index.ts';
import type { Services } from '../services.ts';
import { secretPlace } from './codec.ts';
import { type Feed, isRegistry } from './queries.ts';
import { createRegistryClient, type RegistryClient } from './registry/index.ts';

interface Kept {
  readonly version: number;
  readonly client: RegistryClient;
}

/** Clients of feeds that are kept at most. */
const MOST = 200;

export class Registries {
  readonly #services: Services;
  readonly #fetch: typeof globalThis.fetch;
  readonly #kept = new Map<string, Kept>();

  constructor(services: Services) {
    this.#services = services;
    const policy = new OutboundPolicy(services.config.outboundAllow);
    this.#fetch = outboundFetch(policy, services.stopping);
  }

  /** @throws Invalid when the feed is no registry that this server can ask */
  clientOf(feed: Stored<Feed>): RegistryClient {
    const { document, id, version } = feed;
    if (!isRegistry(document)) throw noRegistry(document);
    const kept = this.#kept.get(id);
    if (kept?.version === version) return kept.client;
    const client = createRegistryClient({
      feedName: document.Name,
      feedUri: document.FeedUri ?? '',
      registryPath: document.RegistryPath,
      username: document.Username,
      password: () => this.passwordOf(feed),
      // Octopus counts attempts, the client counts further ones; people wait for these answers.
      retries: Math.min(4, Math.max(0, (document.DownloadAttempts ?? 5) - 1)),
      fetch: this.#fetch,
    });
    this.#kept.delete(id);
    if (this.#kept.size >= MOST) this.#kept.delete(this.#kept.keys().next().value ?? '');
    this.#kept.set(id, { version, client });
    return client;
  }

  passwordOf({ id, document }: Stored<Feed>): Secret | undefined {
    return openSensitive(this.#services.keys, secretPlace(id, 'Password'), document.Secrets.Password);
  }
}

const registries = new WeakMap<Services, Registries>();

/** Those of this server. */
export function registriesOf(services: Services): Registries {
  const present = registries.get(services) ?? new Registries(services);
  registries.set(services, present);
  return present;
}

function noRegistry({ Name, FeedType }: Feed): Invalid {
  if (FeedType === 'AwsElasticContainerRegistry') {
    return new Invalid(
      `The feed "${Name}" is an Amazon ECR feed, which this server keeps but cannot sign in to yet. Use a feed of the type Docker with the user "AWS" and a token from "aws ecr get-login-password".`,
    );
  }
  return new Invalid(
    `The feed "${Name}" is of the type ${FeedType}, which holds no images that this server can ask for. Choose a feed of the type Docker.`,
  );
}
