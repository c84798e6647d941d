/** Packages of a step: the same on every kind of place, whatever the ports. */
import { createHash } from 'node:crypto';
import type { FileConfiguration, PackageRequest, StepPackage } from '@argonaut/contracts/attempt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tgz, zip } from '../packages/archives.ts';
import { Bench, type OpenPorts, patience, type RunOptions } from './bench.ts';

export function packagesContract(openPorts: OpenPorts): void {
  describe('packages of a step', () => {
    let bench: Bench;
    let transfers = 0;
    const big = Buffer.alloc(3_000_000, 'big ').toString();
    let web: Buffer;
    beforeAll(async () => {
      const many = Array.from({ length: 300 }, (__, i) => ({
        name: `many/${i % 7}/${i}`,
        body: `${i}`,
        type: 'file' as const,
      }));
      web = await tgz([
        ...many,
        { name: 'big', body: big, type: 'file' },
        { name: 'bin/hello', body: '#!/bin/sh\necho hello from $0\n', mode: 0o755, type: 'file' },
        { name: 'link', type: 'symlink', linkname: 'bin/hello' },
      ]);
      bench = await Bench.open(openPorts, { poolSize: 0 });
    });
    afterAll(() => bench?.close());

    const request = (bytes: Buffer, fields: Partial<PackageRequest> = {}): PackageRequest => ({
      packageId: 'Acme.Web',
      version: '1.0.0',
      extension: '.zip',
      sha256: createHash('sha256').update(bytes).digest('hex'),
      extract: true,
      sizeBytes: bytes.length,
      async *content() {
        transfers += 1;
        for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
      },
      ...fields,
    });
    const bring = async (name: string, bytes: Buffer, fields: Partial<PackageRequest> = {}) => ({
      name,
      ...(await bench.runner.acquirePackage(request(bytes, fields), () => {}, patience())),
    });
    const places: readonly [string, (packages: readonly StepPackage[]) => RunOptions][] = [
      ['in a container', (packages) => ({ spec: { packages: [...packages] } })],
      [
        'as another user of its image',
        (packages) => ({ image: 'user-id', spec: { packages: [...packages] } }),
      ],
      ['as a plain process', (packages) => ({ spec: { place: { kind: 'host' }, packages: [...packages] } })],
    ];

    it.each(places)('are its own %s: it reads, runs and changes them', async (_, options) => {
      const raw = zip([{ name: 'x', body: 'x' }]);
      const packages = [await bring('web', web), await bring('raw', raw, { extract: false })];
      const { stdout, confirmed } = await bench.run(
        'web/bin/hello; web/link; sha256sum < web/big; find web/many -type f | wc -l; cat web/many/5/299; echo; sha256sum < raw.zip; rm web/big && echo own > web/many/0/0 && cat web/many/0/0',
        options(packages),
      );
      const sha = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
      expect(stdout.toString().split('\n')).toEqual([
        'hello from web/bin/hello',
        'hello from web/link',
        `${sha(big)}  -`,
        expect.stringMatching(/^ *300$/),
        '299',
        `${sha(raw)}  -`,
        'own',
        '',
      ]);
      expect(confirmed).toMatchObject({ result: 'Succeeded' });
    });

    it('were brought once for all of them', () => {
      expect(transfers).toBe(2);
    });

    it.each(places)(
      'get values into their files, %s, and none that is sensitive onto a disk',
      async (_, options) => {
        const bytes = zip([
          { name: 'plain.conf', body: 'a=#{A}\n' },
          { name: 'secret.json', body: '{"S": "none", "kept": 1}\n' },
        ]);
        const configuration: FileConfiguration = {
          variables: { A: 'value', S: 'sensitive-value' },
          sensitive: ['S'],
          nowMs: 0,
          substitute: { targets: '*.conf', failOnUnresolved: true, warnOfNoMatch: true },
          structured: { targets: '*.json', jsonOnly: false, failOnUnresolved: false },
        };
        const { stdout } = await bench.run('cat *.conf *.json; test -L secret.json && echo linked', {
          ...options([await bring('', bytes)]),
          late: { configuration },
        });
        expect(stdout.toString()).toBe('a=value\n{"S": "sensitive-value", "kept": 1}\nlinked\n');
      },
    );

    it('are told of without what must be hidden', async () => {
      const bytes = zip([{ name: 'a.conf', body: '#{Nope | very-hidden-word}' }]);
      const configuration: FileConfiguration = {
        variables: {},
        sensitive: [],
        nowMs: 0,
        substitute: { targets: '*.conf', failOnUnresolved: true, warnOfNoMatch: true },
      };
      const spec = await bench.spec({ spec: { packages: [await bring('', bytes)] } });
      await bench.stage(spec);
      const opening = bench.open(spec.attempt, 'true', {
        secrets: { Hidden: 'very-hidden-word' },
        late: { configuration },
      });
      await expect(opening).rejects.toMatchObject({
        kind: 'Invalid',
        message: expect.stringMatching(/^a\.conf: .*\*{3,}\(Hidden\)/),
      });
      await bench.runner.discard(spec.attempt, 1, patience());
    });

    it('may be gone from the worker: then the step is not begun, and it is said which', async () => {
      const one = await bring('gone', zip([{ name: 'gone', body: 'gone' }]));
      await bench.ports.files.remove(`${bench.dataDirectory}/packages/${one.sha256}.tree`, patience());
      const spec = await bench.spec({ spec: { packages: [one] } });
      await expect(bench.stage(spec)).rejects.toMatchObject({
        kind: 'NotFound',
        message: expect.stringContaining('Acme.Web 1.0.0'),
      });
    });
  });
}
