import { describe, expect, it } from 'vitest';
import { byDigest, digestsIn, parseReference, repositoryName } from './reference.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

describe('an image reference', () => {
  it.each([
    ['alpine', 'docker.io', 'library/alpine', 'latest', undefined],
    ['alpine:3.20', 'docker.io', 'library/alpine', '3.20', undefined],
    ['docker.io/alpine', 'docker.io', 'library/alpine', 'latest', undefined],
    ['acme/tool', 'docker.io', 'acme/tool', 'latest', undefined],
    ['localhost/tool:1', 'localhost', 'tool', '1', undefined],
    ['127.0.0.1:5000/acme/tool:1', '127.0.0.1:5000', 'acme/tool', '1', undefined],
    ['registry.example.com/a/b/c', 'registry.example.com', 'a/b/c', 'latest', undefined],
    [`registry:5000/tool@${digest}`, 'registry:5000', 'tool', undefined, digest],
    [`alpine:3.20@${digest}`, 'docker.io', 'library/alpine', '3.20', digest],
  ])('%s', (text, registry, repository, tag, itsDigest) => {
    const parsed = parseReference(text);
    expect([parsed.registry, parsed.repository, parsed.tag, parsed.digest]).toEqual([
      registry,
      repository,
      tag,
      itsDigest,
    ]);
  });

  it.each(['', ':tag', 'a b', 'UPPER/Case name', 'alpine@sha256:short', 'alpine:'])(
    '%j is refused',
    (text) => {
      expect(() => parseReference(text)).toThrow(/is not an image reference/);
    },
  );

  it('by digest keeps the name as it was written', () => {
    expect(byDigest('127.0.0.1:5000/tool:1', digest)).toBe(`127.0.0.1:5000/tool@${digest}`);
    expect(byDigest('127.0.0.1:5000/tool', digest)).toBe(`127.0.0.1:5000/tool@${digest}`);
    expect(byDigest(`tool:2@sha256:${'0'.repeat(64)}`, digest)).toBe(`tool@${digest}`);
  });

  it('finds the digests of the repository that was asked for, never the first one', () => {
    const other = `sha256:${'cd'.repeat(32)}`;
    const known = [`multi@${other}`, '<none>@<none>', `docker.io/library/single@${digest}`];
    expect(digestsIn(known, 'single:1')).toEqual([digest]);
    expect(digestsIn(known, 'multi')).toEqual([other]);
    expect(digestsIn([...known, `multi@${digest}`, `docker.io/library/multi@${other}`], 'multi:2')).toEqual([
      other,
      digest,
    ]);
    expect(digestsIn(known, 'third')).toEqual([]);
    expect(digestsIn([], 'single')).toEqual([]);
  });

  it('one repository has one name', () => {
    expect(repositoryName(parseReference('alpine'))).toBe(
      repositoryName(parseReference('docker.io/library/alpine:3')),
    );
  });
});
