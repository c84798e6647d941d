/** How CI clients name package versions. */
import type { TemplatePackage } from '@argonaut/contracts/rest';
import { describe, expect, it } from 'vitest';
import { choosePackages } from '../../src/processes/packages/choose.ts';
import { readEntries } from '../../src/processes/packages/entries.ts';

function needed(fields: Partial<TemplatePackage>): TemplatePackage {
  return {
    StepName: 'Install',
    ActionName: 'Install',
    PackageId: 'Shop.Web',
    PackageReferenceName: '',
    FeedId: 'Feeds-1',
    FeedName: 'Packages',
    NuGetPackageId: 'Shop.Web',
    NuGetFeedId: 'Feeds-1',
    NuGetFeedName: 'Packages',
    VersionSelectedLastRelease: null,
    FixedVersion: null,
    IsResolvable: true,
    ProjectName: null,
    ...fields,
  };
}

const nothing = async () => undefined;

async function chosen(texts: readonly string[], each: Partial<TemplatePackage> = {}) {
  const [only] = await choosePackages([needed(each)], { entries: readEntries(texts) }, nothing);
  return only?.Version;
}

describe('package entries', () => {
  it.each<[readonly string[], Partial<TemplatePackage>, string]>([
    [['Shop.Web:1.0'], {}, '1.0'],
    [['shop.web:1.0'], {}, '1.0'],
    [['Install:1.0'], {}, '1.0'],
    [['*:1.0'], {}, '1.0'],
    [['tools:Install:1.0'], { PackageReferenceName: 'tools' }, '1.0'],
    [['tools:*:1.0'], { PackageReferenceName: 'tools' }, '1.0'],
    [['*:Shop.Web:1.0'], {}, '1.0'],
    [['*:1.0', 'Shop.Web:2.0'], {}, '2.0'],
    [['Shop.Web:2.0', '*:1.0'], {}, '2.0'],
    [['Install:1.0', 'Install:2.0'], {}, '2.0'],
    [[String.raw`Step\: one:1.0`], { StepName: 'Step: one', ActionName: 'Step: one' }, '1.0'],
    [[String.raw`C\\D:1.0`], { PackageId: String.raw`C\D` }, '1.0'],
  ])('%j', async (texts, package_, version) => {
    expect(await chosen(texts, package_)).toBe(version);
  });

  it('that cannot be read are all named', () => {
    const wrong = ['Shop.Web', 'a:b:c:d', 'a:'];
    expect(() => readEntries(wrong)).toThrow(/"Shop\.Web" cannot be read.*"a:b:c:d".*"a:"/s);
  });

  it('that name another reference of the step do not count for this one', async () => {
    const both = [needed({}), needed({ PackageReferenceName: 'tools', PackageId: 'Tools' })];
    const entries = readEntries(['tools:Install:2.0']);
    const chosen = await choosePackages(both, { entries, defaultVersion: '1.0' }, nothing);
    expect(chosen.map((each) => [each.PackageReferenceName, each.Version])).toEqual([
      ['', '1.0'],
      ['tools', '2.0'],
    ]);
  });
});

describe('the version of a package', () => {
  it('is the one fixed in the process, then the default, then the newest of the feed', async () => {
    const version = async (each: Partial<TemplatePackage>, defaultVersion?: string) =>
      (await choosePackages([needed(each)], { defaultVersion }, async () => '3.0'))[0]?.Version;
    expect(await version({ FixedVersion: '1.0' }, '2.0')).toBe('1.0');
    expect(await version({}, '2.0')).toBe('2.0');
    expect(await version({})).toBe('3.0');
  });

  it('must be given where variables name the package', async () => {
    const asked = needed({ PackageId: '#{Name}', IsResolvable: false });
    await expect(choosePackages([asked], {}, async () => '3.0')).rejects.toThrow(
      'is named by variables, so its version must be given, such as "Install:1.0.0"',
    );
  });
});
