import { describe, expect, it } from 'vitest';
import {
  askedArguments,
  baseImages,
  forPlatform,
  instructionsOf,
  platformArguments,
  refuseHereDocuments,
  withBases,
} from './dockerfile.ts';

const places = (dockerfile: string) =>
  instructionsOf(dockerfile).map(({ keyword, line, lastLine }) => [keyword, line, lastLine]);
const bases = (dockerfile: string, given = {}) =>
  baseImages(dockerfile, given).map(({ reference }) => reference);

describe('the instructions of a Dockerfile', () => {
  it('are counted as the engine counts its steps, each with its lines', () => {
    const dockerfile = [
      '# a comment',
      'from alpine:3',
      '',
      'RUN one \\',
      '  # a comment between',
      '',
      '  && two',
      'CMD ["x"]',
    ].join('\n');
    expect(places(dockerfile)).toEqual([
      ['FROM', 2, 2],
      ['RUN', 4, 7],
      ['CMD', 8, 8],
    ]);
  });

  it('go on behind another sign when a directive says so, and may end with the file', () => {
    expect(places('# escape=`\r\nFROM x\r\nRUN a `\r\n b\r\n')).toEqual([
      ['FROM', 2, 2],
      ['RUN', 3, 4],
    ]);
    expect(places('FROM x\nRUN a \\')).toEqual([
      ['FROM', 1, 1],
      ['RUN', 2, 2],
    ]);
  });
});

describe('the images that a Dockerfile begins from', () => {
  it('are those of FROM and of COPY --from, without scratch and its own stages', () => {
    const dockerfile = [
      'FROM --platform=linux/amd64 golang:1.22 AS Build',
      'FROM scratch',
      'COPY --from=build /app /app',
      'COPY --from=0 /app /again',
      'COPY --chown=1 --from=tools/ca:2 /certs /certs',
      'FROM build',
    ].join('\n');
    expect(bases(dockerfile)).toEqual(['golang:1.22', 'tools/ca:2']);
  });

  it('may be given by arguments that stand above them', () => {
    const dockerfile = 'ARG TAG=3.20 REGISTRY="r.example:5000"\nARG NONE\nFROM ${REGISTRY}/alpine:$TAG\n';
    expect(bases(dockerfile)).toEqual(['r.example:5000/alpine:3.20']);
    expect(bases(dockerfile, { TAG: '3.21' })).toEqual(['r.example:5000/alpine:3.21']);
    expect(bases('ARG X\nFROM ${X:-alpine}\n')).toEqual(['alpine']);
    expect(bases('ARG X=\nFROM alpine:${X-3}3${X:+-slim}${X+.20}\n')).toEqual(['alpine:3.20']);
    const nested = 'ARG MAJOR=3\nARG TAG="$MAJOR.20" RAW=\'$MAJOR\'\nFROM alpine:$TAG\n';
    expect(bases(nested)).toEqual(['alpine:3.20']);
    expect(bases(nested, { MAJOR: '4' })).toEqual(['alpine:4.20']);
    expect(() => bases('\nARG X\nFROM $X:1\n')).toThrow(/Line 3 .* the argument X has no value/);
    // Of a stage, so it has no say.
    expect(() => bases('FROM a\nARG X=1\nFROM b:$X\n')).toThrow(/Line 3/);
  });

  it('are replaced where they stand, and nothing else is', () => {
    const dockerfile = 'FROM alpine AS alpine\nRUN echo alpine\nCOPY --from=alpine:3 /alpine /x\n';
    const names = baseImages(dockerfile).map((base, index) => ({ base, name: `kept:${index}` }));
    expect(withBases(dockerfile, names)).toBe(
      'FROM kept:0 AS alpine\nRUN echo alpine\nCOPY --from=kept:1 /alpine /x\n',
    );
    const argued = 'ARG T=1\nFROM \\\n  a:$T AS b\n';
    const [base] = baseImages(argued);
    expect(base && withBases(argued, [{ base, name: 'kept' }])).toBe('ARG T=1\nFROM \\\n  kept AS b\n');
  });
});

describe('the platform of a Dockerfile', () => {
  const worker = { os: 'linux', architecture: 'amd64' };

  it("is the worker's, whatever BuildKit calls it", () => {
    const dockerfile = [
      'ARG P=linux/amd64',
      'FROM --platform=$BUILDPLATFORM golang AS build',
      'ARG TARGETARCH TARGETOS=any',
      'RUN echo --platform=$BUILDPLATFORM',
      'FROM \\',
      '  --platform=${P}/v3 alpine-${TARGETARCH}:3',
    ].join('\n');
    expect(forPlatform(dockerfile, worker, {})).toBe(
      dockerfile.replace('=$BUILDPLATFORM golang', '=linux/amd64 golang').replace('=${P}/v3', '=linux/amd64'),
    );
    const known = platformArguments(worker);
    expect(baseImages(dockerfile, {}, known).map(({ reference }) => reference)).toEqual([
      'golang',
      'alpine-amd64:3',
    ]);
    expect(askedArguments(dockerfile, known)).toEqual({ TARGETARCH: 'amd64' });
  });

  it('is refused where it is another one, with its line', () => {
    expect(() => forPlatform('\nFROM --platform=linux/arm64 a', worker, {})).toThrow(
      'Line 2 of the Dockerfile begins from an image for linux/arm64; the worker builds and runs linux/amd64.',
    );
    expect(() => forPlatform('ARG P\nFROM --platform=$P a', worker, { P: 'windows/amd64' })).toThrow(
      'for windows/amd64',
    );
  });
});

describe('a here-document', () => {
  it.each([
    ['FROM a\nRUN <<EOF\necho\nEOF', 2],
    ['FROM a\nRUN true\nRUN python3 - <<"E" >/x\nprint()\nE', 3],
    ['FROM a\nCOPY <<-E /x\nb\nE', 2],
    ['FROM a\nRUN set -e; \\\n  cat 0<<E\nb\nE', 2],
  ])('is refused with its line: %j', (dockerfile, line) => {
    expect(() => refuseHereDocuments(dockerfile)).toThrow(
      `Line ${line} of the Dockerfile begins a here-document`,
    );
  });

  it.each([
    'FROM a\nRUN cat <<<word && echo $((1 << 2)) "<<E" \'b <<E\'',
    'FROM a\nRUN ["sh", "-c", "cat <<E"]',
    'FROM a\n# RUN <<E\nLABEL x=<<E',
  ])('is not seen where there is none: %j', (dockerfile) => {
    expect(() => refuseHereDocuments(dockerfile)).not.toThrow();
  });
});
