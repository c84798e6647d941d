/** The sweep for canaries plants a secret in every field in which one can be entered: here each of them is looked for. */
import { AccountType, FeedType } from '@argonaut/contracts/rest';
import { expect, test } from 'vitest';
import { testServer } from '../support.ts';
import { ACCOUNTS, FEEDS, FIELDS, secretFieldsOf } from './canary-fields.ts';

/** Fields of an answer that say whether there is a secret. */
function hiddenIn(resource: object): string[] {
  const isHidden = (value: unknown) => typeof value === 'object' && value !== null && 'HasValue' in value;
  return Object.entries(resource).flatMap(([field, value]) => (isHidden(value) ? [field] : []));
}

test('the sweep knows each field of a request that takes a secret', async () => {
  await using server = await testServer();
  const { body } = await server.get('/api/openapi.json');
  expect(secretFieldsOf(body)).toEqual(Object.keys(FIELDS).sort());
});

test('the sweep knows each type of account, and what the server hides of it', async () => {
  await using server = await testServer();
  expect(Object.keys(ACCOUNTS).sort()).toEqual([...AccountType.enum].sort());
  for (const [AccountType, { plain, secrets }] of Object.entries(ACCOUNTS)) {
    // A key pair is read when it is made; what is hidden of it, a refusal cannot show.
    if (AccountType === 'SshKeyPair') continue;
    const token = AccountType === 'Token' ? { Token: { HasValue: true, NewValue: 'a token' } } : {};
    const wish = { Name: AccountType, AccountType, ...plain, ...token };
    const { status, body } = await server.call('POST', '/api/accounts', wish);
    expect(status, JSON.stringify(body)).toBe(201);
    expect(hiddenIn(body).sort(), AccountType).toEqual([...secrets].sort());
  }
});

test('the sweep knows each type of feed, and what the server hides of it', async () => {
  await using server = await testServer();
  expect([...Object.keys(FEEDS), 'BuiltIn'].sort()).toEqual([...FeedType.enum].sort());
  for (const [FeedType, secrets] of Object.entries(FEEDS)) {
    const wish = { Name: FeedType, FeedType, FeedUri: 'https://feed.example.com' };
    const { status, body } = await server.call('POST', '/api/feeds', wish);
    expect(status, JSON.stringify(body)).toBe(201);
    expect(hiddenIn(body).sort(), FeedType).toEqual([...secrets].sort());
  }
});
