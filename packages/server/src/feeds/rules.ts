/** What must hold for feeds. */
import { Invalid } from '@argonaut/contracts';
import type { SensitiveValue, WritableFeed } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { type Feed, isRegistry } from './queries.ts';
import { parseEndpoint } from './registry/endpoint.ts';

/** @throws Invalid */
export function checkFeed(body: WritableFeed, wanted: Feed, stored: Stored<Feed> | undefined): void {
  if (stored === undefined && body.FeedType === 'BuiltIn') {
    throw new Invalid('Every space has one built-in feed, and this one has its own already.');
  }
  if (stored !== undefined && stored.document.FeedType !== body.FeedType) {
    throw new Invalid(
      `The feed "${stored.document.Name}" is of the type ${stored.document.FeedType}, which cannot change. Create another feed instead.`,
    );
  }
  if (isRegistry(wanted)) {
    if (!body.FeedUri) {
      throw new Invalid(
        `The feed "${body.Name}" has no FeedUri, which is required: the address of the registry, such as "https://registry.example.com".`,
      );
    }
    parseEndpoint(body.FeedUri, body.RegistryPath, body.Name);
  }
  if (stored !== undefined) refuseSecretsAtNewAddress(body, wanted, stored);
}

/**
 * A stored secret stays with the address that it was given for: otherwise whoever may edit a feed, but not read its
 * password, could have it sent to a machine of their own.
 */
function refuseSecretsAtNewAddress(body: WritableFeed, wanted: Feed, stored: Stored<Feed>): void {
  const before = stored.document;
  const same = (field: 'FeedUri' | 'RegistryPath') =>
    originOf(body[field] ?? '') === originOf(before[field] ?? '');
  if (same('FeedUri') && same('RegistryPath')) return;
  const kept = Object.keys(wanted.Secrets).filter((field) => {
    const sent: unknown = (body as Record<string, unknown>)[field];
    return field in before.Secrets && !isNew(sent);
  });
  if (kept.length === 0) return;
  throw new Invalid(
    `The address of the feed "${before.Name}" changes to another server. Send ${kept.join(' and ')} again, so that a stored secret never goes where it was not given for.`,
  );
}

function isNew(sent: unknown): boolean {
  if (typeof sent === 'string') return sent !== '';
  return typeof sent === 'object' && sent !== null && Boolean((sent as SensitiveValue).NewValue);
}

function originOf(address: string): string {
  const text = address.trim();
  const schemed = text === '' || text.includes('://') ? text : `https://${text}`;
  return URL.canParse(schemed) ? new URL(schemed).origin : schemed;
}

/** @throws Invalid: a space without the built-in feed would have nowhere to push packages to. */
export function refuseRemovalOfBuiltIn(stored: Stored<Feed>): void {
  if (stored.document.FeedType !== 'BuiltIn') return;
  throw new Invalid(`"${stored.document.Name}" is the built-in feed of its space and cannot be deleted.`);
}
