/**
 * The kinds of images that steps meet, a row each, and what every script form finds in them. `forms.ts` has the columns;
 * `conformance.engine.test.ts` runs every cell. What is not said is as in an ordinary image: root, a POSIX shell, no program
 * of its own to speak of.
 */
import type { Place } from '@argonaut/contracts/attempt';
import type { ScriptSyntax } from '@argonaut/runner/scripts';
import type { TestImage } from '../../../../scripts/images/catalogue.ts';

export interface Kind {
  readonly image: TestImage;
  /** What the kind is about. */
  readonly about: string;
  /** The interpreters that are there; every other script form is refused before anything runs. */
  readonly has: readonly ScriptSyntax[];
  /** What a refusal says is there instead, before it says what to do. */
  readonly instead: RegExp;
  readonly uid: number;
  /** Must be writable, as is the step's directory. */
  readonly home: string;
  /** Whether the step can write to `/` and to `/tmp`. */
  readonly writes: { readonly root: boolean; readonly tmp: boolean };
  /** Where the image's own program runs; scripts always run in the step's directory. */
  readonly workdir: string;
  /** What ENTRYPOINT and CMD print; `undefined`: there is nothing to run, and the error says so. */
  readonly own: RegExp | undefined;
  /** Words instead of CMD, and what is printed then. */
  readonly given: { readonly words: readonly string[]; readonly prints: string };
  /** A language for the words that replace ENTRYPOINT: `<program> -c <text>`. */
  readonly program: { readonly words: readonly string[]; readonly language: 'Sh' | 'Python' };
  /** The step's own wishes. */
  readonly place?: Partial<Extract<Place, { kind: 'container' }>>;
}

const ordinary = {
  has: ['Sh'],
  instead: /it has \/bin\/sh\b/,
  uid: 0,
  home: '/root',
  writes: { root: true, tmp: true },
  workdir: '/',
  // A shell whose input has ended.
  own: /^$/,
  given: { words: ['/bin/echo', 'given'], prints: 'given\n' },
  program: { words: ['/bin/sh'], language: 'Sh' },
} as const satisfies Omit<Kind, 'image' | 'about'>;

/** A user that /etc/passwd does not know has no home in the image, and gets one beside the step's directory. */
const nameless = { uid: 4242, home: '/argonaut/home', writes: { root: false, tmp: true } } as const;

export const kinds: readonly Kind[] = [
  { ...ordinary, image: 'busybox', about: 'a static busybox, no libc: what Alpine offers a script' },
  {
    ...ordinary,
    image: 'musl',
    about: 'musl, no glibc',
    given: { words: ['/bin/hello', 'given'], prints: 'hello from musl given\n' },
  },
  {
    ...ordinary,
    image: 'debian',
    about: 'Debian with bash, dash and python3',
    has: ['Sh', 'Bash', 'Python'],
    instead: /it has .*\/bash, .*\/sh, .*\/python3\b/,
  },
  {
    ...ordinary,
    image: 'distroless',
    about: 'distroless: an interpreter, no shell, USER nonroot',
    has: ['Python'],
    instead: /it has \/usr\/bin\/python3\b/,
    uid: 65532,
    home: '/home/nonroot',
    writes: { root: false, tmp: true },
    own: /^Python 3/,
    given: { words: ['-c', 'print("given")'], prints: 'given\n' },
    program: { words: ['/usr/bin/python3'], language: 'Python' },
  },
  {
    ...ordinary,
    image: 'scratch',
    about: 'scratch with one static program: no shell, no /etc, no /tmp',
    has: [],
    instead: /it has no shell and no other interpreter/,
    home: '/',
    writes: { root: true, tmp: false },
    own: /^hello from scratch\n$/,
    given: { words: ['echo', 'given'], prints: 'given\n' },
    program: { words: ['/busybox', 'sh'], language: 'Sh' },
  },
  {
    ...ordinary,
    image: 'entrypoint',
    about: 'ENTRYPOINT and CMD',
    own: /^entrypoint default\n$/,
    given: { words: ['given'], prints: 'entrypoint given\n' },
  },
  {
    ...ordinary,
    image: 'entrypoint-script',
    about: 'ENTRYPOINT that is a script and replaces itself by CMD',
    own: /^wrapped: yes\n$/,
  },
  { ...ordinary, image: 'no-command', about: 'neither ENTRYPOINT nor CMD', own: undefined },
  {
    ...ordinary,
    image: 'environment',
    about: 'ENV with a PATH of its own',
    given: { words: ['tool'], prints: 'the tool of the image\n' },
  },
  {
    ...ordinary,
    image: 'user',
    about: 'USER name, with a home',
    uid: 1000,
    home: '/home/app',
    writes: { root: false, tmp: true },
  },
  {
    ...ordinary,
    image: 'user',
    about: 'a uid that /etc/passwd knows, with a home',
    uid: 1000,
    home: '/home/app',
    writes: { root: false, tmp: true },
    place: { user: '1000' },
  },
  { ...ordinary, ...nameless, image: 'user-id', about: 'USER uid without an entry in /etc/passwd' },
  {
    ...ordinary,
    image: 'workdir',
    about: 'WORKDIR',
    workdir: '/srv/app',
    given: { words: ['cat', 'note.txt'], prints: 'in the working directory\n' },
  },
  { ...ordinary, image: 'workdir-missing', about: 'WORKDIR that is not there', workdir: '/not/there' },
  {
    ...ordinary,
    image: 'volume',
    about: 'VOLUME with content of the image',
    given: { words: ['cat', '/data/seed.txt'], prints: 'from the image\n' },
  },
  { ...ordinary, image: 'healthcheck', about: 'HEALTHCHECK that fails' },
  { ...ordinary, image: 'stopsignal', about: 'STOPSIGNAL SIGQUIT' },
  { ...ordinary, image: 'onbuild', about: 'ONBUILD' },
  {
    ...ordinary,
    image: 'read-only',
    about: 'a read-only root',
    uid: 1000,
    home: '/argonaut/home',
    writes: { root: false, tmp: true },
    workdir: '/work',
    place: { readOnlyRoot: true },
  },
  {
    ...ordinary,
    ...nameless,
    image: 'read-only-tmp',
    about: 'a read-only /tmp',
    writes: { root: false, tmp: false },
  },
];
