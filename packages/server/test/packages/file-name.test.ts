/** What a package's file name says. */
import { describe, expect, test } from 'vitest';
import { readFileName } from '../../src/packages/file-name.ts';

describe('a file name', () => {
  test.each([
    ['Hello.1.0.0.zip', 'Hello', '1.0.0', '.zip'],
    ['Acme.Web.1.4.0-beta.2.tar.gz', 'Acme.Web', '1.4.0-beta.2', '.tar.gz'],
    ['my_app-x.2.nupkg', 'my_app-x', '2', '.nupkg'],
    ['a.1.2.3.4+build.7.jar', 'a', '1.2.3.4+build.7', '.jar'],
    ['Route.53.Client.1.0.0.zip', 'Route.53.Client', '1.0.0', '.zip'],
    ['TerraformZip.2024.1.15-rc_x.1.0.ZIP', 'TerraformZip.2024.1.15-rc_x', '1.0', '.zip'],
  ])('%s is the package %s in version %s', (fileName, packageId, version, extension) => {
    expect(readFileName(fileName)).toEqual({ packageId, version, extension });
  });

  test.each([
    'Hello.zip',
    'Hello-1.zip',
    'Hello.1.0.0.exe',
    '.1.0.0.zip',
    '1.0.0.zip.1',
    '../Hello.1.0.0.zip',
    'a/b.1.0.0.zip',
    'a b.1.0.0.zip',
    'Hello.1.0.0-.zip',
    `${'x'.repeat(300)}.1.0.0.zip`,
    'Hello.1.0.0\0.zip',
    '',
  ])('%j says nothing', (fileName) => {
    expect(() => readFileName(fileName)).toThrow(/package/);
  });
});
