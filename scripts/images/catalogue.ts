/**
 * The images that the tests use, as data: what each is for, which file system it stands on, and its settings.
 * `build.ts` makes them from Debian packages and loads them into the engine as `argonaut-test/<name>:1`.
 */

/** The file systems that images stand on; `roots.ts` says how each is made. */
export type Root = 'busybox' | 'debian' | 'distroless' | 'musl' | 'scratch' | 'busybox-foreign' | 'layers';

/** The part of an image's configuration that a Dockerfile would set, in the engine's own names. */
export interface ImageSettings {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Volumes?: Readonly<Record<string, Record<string, never>>>;
  /** Durations in nanoseconds. */
  readonly Healthcheck?: {
    readonly Test: readonly string[];
    readonly Interval?: number;
    readonly Retries?: number;
  };
  readonly StopSignal?: string;
  readonly OnBuild?: readonly string[];
}

/** A file or, with a path that ends in `/`, a directory, laid on top of the root in a layer of its own. */
export interface ExtraFile {
  readonly path: string;
  readonly content?: string;
  /** Default 0755 for directories, 0644 for files. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface ImageSpec {
  readonly description: string;
  readonly root: Root;
  readonly settings: ImageSettings;
  readonly files?: readonly ExtraFile[];
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const sh = { Env: [PATH], Cmd: ['sh'] } as const;

export const catalogue = {
  busybox: {
    description: 'static busybox: a POSIX shell and applets, no bash, no Python',
    root: 'busybox',
    settings: sh,
  },
  debian: {
    description: 'a merged-usr Debian with bash, dash, coreutils and python3',
    root: 'debian',
    settings: { Env: [PATH], Cmd: ['bash'] },
  },
  distroless: {
    description:
      'as distroless images are: glibc and python3, no shell, no other program; USER nonroot (65532)',
    root: 'distroless',
    settings: { Env: [PATH], Entrypoint: ['/usr/bin/python3'], Cmd: ['--version'], User: '65532:65532' },
    files: [
      {
        path: '/etc/passwd',
        content:
          'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
      },
      { path: '/home/nonroot/', uid: 65532, gid: 65532, mode: 0o700 },
    ],
  },
  musl: {
    description: 'no glibc: musl, its dynamic linker, /bin/hello linked to it, and busybox as shell',
    root: 'musl',
    settings: sh,
  },
  scratch: {
    description: 'a single static program at /busybox: no shell, no /etc, no /tmp',
    root: 'scratch',
    settings: { Entrypoint: ['/busybox'], Cmd: ['echo', 'hello from scratch'] },
  },
  entrypoint: {
    description: 'ENTRYPOINT and CMD: prints "entrypoint default", or its arguments instead of "default"',
    root: 'busybox',
    settings: { Env: [PATH], Entrypoint: ['/bin/echo', 'entrypoint'], Cmd: ['default'] },
  },
  'entrypoint-script': {
    description: 'ENTRYPOINT is a script that sets WRAPPED=yes and replaces itself by its arguments',
    root: 'busybox',
    settings: { Env: [PATH], Entrypoint: ['/entrypoint.sh'], Cmd: ['sh', '-c', 'echo "wrapped: $WRAPPED"'] },
    files: [{ path: '/entrypoint.sh', mode: 0o755, content: '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n' }],
  },
  'no-command': {
    description: 'neither ENTRYPOINT nor CMD: the engine refuses to make a container without a command',
    root: 'busybox',
    settings: { Env: [PATH] },
  },
  environment: {
    description: 'ENV with a PATH of its own, spaces, quotes and an equals sign',
    root: 'busybox',
    settings: {
      Env: [
        'PATH=/opt/tool/bin:/bin',
        'GREETING=hello from the image',
        'QUOTED=a "b" \'c\'',
        'EQUATION=a=b=c',
      ],
      Cmd: ['sh'],
    },
    files: [
      { path: '/opt/tool/bin/tool', mode: 0o755, content: '#!/bin/sh\necho "the tool of the image"\n' },
    ],
  },
  user: {
    description: 'USER app: a named user (1000:1000) of /etc/passwd, with a home',
    root: 'busybox',
    settings: { ...sh, User: 'app' },
    files: [
      {
        path: '/etc/passwd',
        content: 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n',
      },
      { path: '/etc/group', content: 'root:x:0:\napp:x:1000:\n' },
      { path: '/home/app/', uid: 1000, gid: 1000 },
    ],
  },
  'user-id': {
    description: 'USER 4242:4242: bare numbers that /etc/passwd does not know',
    root: 'busybox',
    settings: { ...sh, User: '4242:4242' },
  },
  workdir: {
    description: 'WORKDIR /srv/app, with a file in it',
    root: 'busybox',
    settings: { ...sh, WorkingDir: '/srv/app' },
    files: [{ path: '/srv/app/note.txt', content: 'in the working directory\n' }],
  },
  'workdir-missing': {
    description: 'WORKDIR /not/there: the engine makes it at start',
    root: 'busybox',
    settings: { ...sh, WorkingDir: '/not/there' },
  },
  volume: {
    description: 'VOLUME /data with a file that the engine copies into the anonymous volume',
    root: 'busybox',
    settings: { ...sh, Volumes: { '/data': {} } },
    files: [{ path: '/data/seed.txt', content: 'from the image\n' }],
  },
  healthcheck: {
    description: 'HEALTHCHECK that always fails, every second',
    root: 'busybox',
    settings: { ...sh, Healthcheck: { Test: ['CMD-SHELL', 'exit 1'], Interval: 1_000_000_000, Retries: 1 } },
  },
  stopsignal: {
    description: 'STOPSIGNAL SIGQUIT',
    root: 'busybox',
    settings: { ...sh, StopSignal: 'SIGQUIT' },
  },
  onbuild: {
    description: 'ONBUILD: must have no effect on a run',
    root: 'busybox',
    settings: { ...sh, OnBuild: ['RUN false'] },
  },
  'read-only': {
    description: 'made for a read-only root: /tmp, /run and /work are empty places to mount on, USER 1000',
    root: 'busybox',
    settings: { ...sh, User: '1000:1000', WorkingDir: '/work' },
    files: [{ path: '/run/' }, { path: '/work/', uid: 1000, gid: 1000 }],
  },
  'read-only-tmp': {
    description: 'USER 4242 and a /tmp that only root may write to',
    root: 'busybox',
    settings: { ...sh, User: '4242:4242' },
    files: [{ path: '/tmp/', mode: 0o555 }],
  },
  foreign: {
    description: 'busybox for another architecture (arm64 on amd64, amd64 on arm64): cannot run here',
    root: 'busybox-foreign',
    settings: sh,
  },
  layers: {
    description: 'busybox under four layers of 8 MiB that do not compress, for pulls that take a while',
    root: 'layers',
    settings: sh,
  },
} as const satisfies Record<string, ImageSpec>;

export type TestImage = keyof typeof catalogue;

export const testImageNames = Object.keys(catalogue) as TestImage[];

/** The name under which an image is loaded into the engine, and its repository in a registry. */
export const repositoryOf = (name: TestImage) => `argonaut-test/${name}`;

/** `testImages.busybox` is `argonaut-test/busybox:1`, and so on for every image of the catalogue. */
export const testImages = Object.fromEntries(
  testImageNames.map((name) => [name, `${repositoryOf(name)}:1`]),
) as Readonly<Record<TestImage, string>>;
