/** Octopus's own TypeScript client with feeds, packages and build information, against a running server. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BuildInformationRepository,
  type Client,
  OverwriteMode,
  PackageRepository,
} from '@octopusdeploy/api-client';
// The client exports its feeds from here only.
import { FeedRepository, FeedType } from '@octopusdeploy/api-client/dist/features/feeds/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientUnderTest, clientUnderTest } from '../client-under-test.ts';

describe('@octopusdeploy/api-client', () => {
  let under: ClientUnderTest;
  let client: Client;
  beforeAll(async () => {
    under = await clientUnderTest();
    client = under.client;
  });
  afterAll(() => under[Symbol.asyncDispose]());

  it('creates, changes and lists feeds, the built-in one first', async () => {
    const feeds = new FeedRepository(client, 'Default');
    const made = await feeds.create({
      Name: 'Registry',
      FeedType: FeedType.Docker,
      FeedUri: 'https://registry.example.com',
      Username: 'me',
      Password: { HasValue: true, NewValue: 'secret' },
    } as never);
    const changed = await feeds.modify({ ...made, Name: 'Renamed' } as never);
    expect(changed).toMatchObject({ Name: 'Renamed', Password: { HasValue: true, NewValue: null } });
    expect((await feeds.list({ take: 1 })).Items[0]?.FeedType).toBe(FeedType.BuiltIn);
    await feeds.del(changed);
    expect((await feeds.list({ feedType: FeedType.Docker })).TotalResults).toBe(0);
  });

  it('pushes packages, one of more than 60 MB, and finds them', async () => {
    const packages = new PackageRepository(client, 'Default');
    const small = join(under.directory, 'Small.1.0.0.zip');
    const large = join(under.directory, 'Large.1.0.0.zip');
    writeFileSync(small, 'almost nothing');
    writeFileSync(large, randomBytes(61 * 1024 * 1024));
    await packages.push([small, large]);
    const { Items } = await packages.list({ nuGetPackageId: 'Large', take: 1 } as never);
    expect(Items[0]).toMatchObject({ Version: '1.0.0', PackageSizeBytes: 61 * 1024 * 1024 });
    expect(await packages.get('packages-Small.1.0.0')).toMatchObject({ PackageId: 'Small' });
    await expect(packages.push([small])).rejects.toThrow(
      /A package with the same name and version already exists/,
    );
    await packages.push([small], OverwriteMode.OverwriteExisting);
    await packages.push([small], OverwriteMode.IgnoreIfExists);
  });

  it('tells about builds', async () => {
    const builds = new BuildInformationRepository(client, 'Default');
    const told = {
      spaceName: 'Default',
      BuildEnvironment: 'CI',
      BuildNumber: '7',
      BuildUrl: 'https://ci.example.com/7',
      Branch: 'main',
      VcsType: 'Git',
      VcsRoot: 'https://git.example.com/app',
      VcsCommitNumber: 'abc',
      Commits: [{ Id: 'abc', Comment: 'a change' }],
      Packages: [{ Id: 'Small', Version: '2.0.0' }],
    };
    await builds.push(told as never);
    await expect(builds.push(told as never)).rejects.toThrow(
      /Metadata for the specified Package ID and version already exists\./,
    );
    await builds.push(told as never, OverwriteMode.OverwriteExisting);
  });
});
