/** Package versions come from feeds, and a channel's rules choose among them. */
import { describe, expect, it } from 'vitest';
import { provideFeedFacts, type VersionQuestion } from '../../src/processes/packages/newest.ts';
import { projectWorld, step } from './support.ts';

const S = '/api/Spaces-1';
const web = { Name: '', PackageId: 'Web', FeedId: 'Feeds-1' };

async function channelWorld(rule: object) {
  const world = await projectWorld();
  const { server } = world;
  await world.saveSteps([step('Install', { Packages: [web] })]);
  const ActionPackages = [{ DeploymentAction: 'Install', PackageReference: '' }];
  const channel = await server.call('POST', `${S}/channels`, {
    Name: 'Beta',
    ProjectId: 'Projects-1',
    Rules: [{ ...rule, ActionPackages }],
  });
  const asked: VersionQuestion[] = [];
  provideFeedFacts(server.services, {
    newestVersion: async (question) => {
      asked.push(question);
      return '2.1.0-beta.1';
    },
    names: async () => new Map([['Feeds-1', 'Our packages']]),
  });
  const release = (fields: object) =>
    server.call('POST', `${S}/releases/create/v1`, { ProjectName: 'Shop', ChannelName: 'Beta', ...fields });
  return {
    world,
    server,
    channel,
    asked,
    release,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

describe('channel rules', () => {
  it('go along when the feed is asked for the newest version', async () => {
    await using world = await channelWorld({ VersionRange: '[2.0,3.0)', Tag: '^beta' });
    const made = await world.release({});
    expect(made.status).toBe(201);
    expect(world.asked).toEqual([
      {
        space: 'Spaces-1',
        feedId: 'Feeds-1',
        packageId: 'Web',
        versionRange: '[2.0,3.0)',
        preReleaseTag: '^beta',
      },
    ]);
    const { body } = await world.server.get(`${S}/releases/${made.body.ReleaseId}`);
    expect(body.SelectedPackages[0].Version).toBe('2.1.0-beta.1');
  });

  it('refuse other versions, unless they are to be ignored', async () => {
    await using world = await channelWorld({ VersionRange: '[2.0,3.0)', Tag: '^beta' });
    for (const version of ['1.0.0-beta', '2.0.0', '3.0.1-beta']) {
      const refused = await world.release({ PackageVersion: version });
      expect([version, refused.status]).toEqual([version, 400]);
      expect(refused.body.ErrorMessage).toContain(
        'only with the range [2.0,3.0) and the pre-release tag ^beta',
      );
    }
    expect((await world.release({ PackageVersion: '2.1.0-beta.7' })).status).toBe(201);
    const ignored = await world.release({ PackageVersion: '2.0.0', IgnoreChannelRules: true });
    expect(ignored.status).toBe(201);
  });

  it('cannot be ignored where the project forbids it', async () => {
    await using world = await channelWorld({ VersionRange: '[2.0,3.0)' });
    const project = (await world.server.get(`${S}/projects/shop`)).body;
    await world.server.call('PUT', project.Links.Self, { ...project, AllowIgnoreChannelRules: false });
    const refused = await world.release({ PackageVersion: '1.0', IgnoreChannelRules: true });
    expect(refused.body.ErrorMessage).toContain('does not allow the rules of its channels to be ignored');
  });

  it('that cannot be read are refused when they are saved', async () => {
    await using world = await channelWorld({ VersionRange: '2.0 or so', Tag: '(' });
    expect(world.channel.status).toBe(400);
    expect(world.channel.body.Errors).toHaveLength(2);
  });

  it('can be tried on a version', async () => {
    await using world = await projectWorld();
    const tried = async (query: string) => (await world.server.get(`${S}/channels/rule-test?${query}`)).body;
    const range = 'versionRange=%5B1.0,2.0)';
    expect(await tried(`version=1.5-beta&${range}&preReleaseTag=^beta&feetType=NuGet`)).toEqual({
      SatisfiesVersionRange: true,
      SatisfiesPreReleaseTag: true,
      Errors: [],
    });
    expect(await tried(`version=2.5&${range}&preReleaseTag=beta`)).toMatchObject({
      SatisfiesVersionRange: false,
      SatisfiesPreReleaseTag: false,
    });
    expect(await tried('version=2.5')).toMatchObject({
      SatisfiesVersionRange: true,
      SatisfiesPreReleaseTag: true,
    });
    const unreadable = await tried('version=2.5&versionRange=2.0 or so&preReleaseTag=(');
    expect(unreadable).toMatchObject({ SatisfiesVersionRange: false, SatisfiesPreReleaseTag: false });
    expect(unreadable.Errors).toHaveLength(2);
    expect((await tried('')).ErrorMessage).toBe('version is required.');
  });

  it('show the feed by its name in the template', async () => {
    await using world = await channelWorld({});
    const { body } = await world.server.get(`${S}/projects/shop/deploymentprocesses/template`);
    expect(body.Packages).toMatchObject([{ FeedName: 'Our packages', PackageId: 'Web', IsResolvable: true }]);
  });
});

describe('a feed', () => {
  it('that is unknown is named in the complaint', async () => {
    await using world = await projectWorld();
    await world.saveSteps([step('Install', { Packages: [{ ...web, FeedId: 'Feeds-77' }] })]);
    const made = await world.server.call('POST', `${S}/releases/create/v1`, { ProjectName: 'Shop' });
    expect(made.status).toBe(400);
    expect(made.body.ErrorMessage).toContain('Feeds-77');
  });
});
