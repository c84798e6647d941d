/** What is found out about an image by looking into a container of it: homes, interpreters; once per content. */
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import type { Engine, ImageDetails } from '../ports/engine.ts';
import type { ContainerPlace } from './container-config.ts';
import { Homes } from './homes.ts';
import { Interpreters } from './interpreter.ts';

const signal = AbortSignal.timeout(60_000);

interface Entry {
  readonly content?: string;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** An engine whose containers hold these paths; one without content is a directory. */
function holding(entries: Readonly<Record<string, Entry>>) {
  const looked: string[] = [];
  const engine = {
    statPath: async (_: string, path: string) => {
      looked.push(path);
      const entry = entries[path];
      if (entry === undefined) return undefined;
      return { kind: entry.content === undefined ? 'directory' : 'other', permissions: entry.mode };
    },
    readPath: async (_: string, path: string) => {
      const { content, mode, uid = 0, gid = 0 } = entries[path] ?? { mode: 0 };
      const tar = pack();
      const type = content === undefined ? 'directory' : 'file';
      tar.entry({ name: path, type, mode, uid, gid }, content ?? '');
      tar.finalize();
      return Readable.from(tar as unknown as AsyncIterable<Uint8Array>);
    },
  } as unknown as Engine;
  return { engine, looked };
}

const image = (id: string, user = ''): ImageDetails => ({
  ...{ id, user, repoTags: [], repoDigests: [], os: 'linux', architecture: 'amd64', sizeBytes: 1 },
  ...{ entrypoint: [], cmd: [], workingDir: '', env: [], volumes: [] },
});

const place = (more: Partial<ContainerPlace> = {}): ContainerPlace =>
  ({
    kind: 'container',
    image: { reference: 'tool:1', local: 'argonaut.local/built:1', os: 'linux', architecture: 'amd64' },
    ...more,
  }) as ContainerPlace;

const passwd: Entry = {
  content: 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n4242:x:7:7::/home/app:/bin/sh\n',
  mode: 0o644,
};
const home: Entry = { mode: 0o750, uid: 1000, gid: 1000 };
const bash = ['bash', '/bin/bash'];
const program: Entry = { content: '', mode: 0o755 };

describe('whether a home must be made for', () => {
  it.each([
    ['a name that the image knows, and whose home it has', 'app', false, home],
    ['a number that the image knows, and whose home it has', '1000', false, home],
    ['a number that is only the name of somebody', '4242', true, home],
    ['a number that nobody has', '5000', true, home],
    ['a number whose home is not there', '1000', true, undefined],
    ["a number whose home is another one's", '1000', true, { ...home, uid: 1 }],
    ['one of the group that may write there', '1000', false, { mode: 0o770, uid: 1, gid: 1000 }],
    ['one that is given another group', '1000:5', true, { mode: 0o770, uid: 1, gid: 1000 }],
    ['one that is given the group that may write there', '1000:5', false, { mode: 0o770, uid: 1, gid: 5 }],
    ['root by number', '00', false, undefined],
  ] as const)('%s (USER %s): %s', async (_what, user, needed, directory) => {
    const { engine } = holding({
      '/etc/passwd': passwd,
      ...(directory === undefined ? {} : { '/home/app': directory }),
    });
    expect(await new Homes(engine).needed('c1', place(), image('a', user), signal)).toBe(needed);
    expect(await new Homes(engine).needed('c1', place({ user }), image('a'), signal)).toBe(needed);
  });

  it('somebody is a matter of the content of an image: one name may come to mean another content', async () => {
    const entries: Record<string, Entry> = { '/etc/passwd': passwd, '/home/app': home };
    const { engine, looked } = holding(entries);
    const homes = new Homes(engine);
    expect(await homes.needed('c1', place(), image('before', 'app'), signal)).toBe(false);
    delete entries['/home/app'];
    expect(await homes.needed('c2', place(), image('before', 'app'), signal)).toBe(false);
    expect(looked).toHaveLength(2);
    expect(await homes.needed('c3', place(), image('after', 'app'), signal)).toBe(true);
  });
});

describe("a step's own container options count for what is found in its container:", () => {
  const mounted = place({ docker: { Mounts: [{ Type: 'bind', Source: '/opt/tools', Target: '/tools' }] } });

  it("what is mounted there is no other container's", async () => {
    const entries: Record<string, Entry> = {
      '/busybox/sh': program,
      '/etc/passwd': passwd,
      '/home/app': home,
    };
    const { engine } = holding(entries);
    const interpreters = new Interpreters(engine);
    const homes = new Homes(engine);
    const sh = ['/bin/sh', '/busybox/sh'];
    expect(await interpreters.find('c1', mounted, image('a'), sh, signal)).toBe('/busybox/sh');
    expect(await homes.needed('c1', mounted, image('a', 'app'), signal)).toBe(false);
    delete entries['/busybox/sh'];
    delete entries['/home/app'];
    await expect(interpreters.find('c2', place(), image('a'), sh, signal)).rejects.toThrow('has no /bin/sh');
    expect(await homes.needed('c2', place(), image('a', 'app'), signal)).toBe(true);
    await expect(interpreters.find('c3', mounted, image('a'), sh, signal)).rejects.toThrow('has no /bin/sh');
    expect(await homes.needed('c3', mounted, image('a', 'app'), signal)).toBe(true);
    // At the gate every millisecond counts: it is not looked again into the same container.
    expect(await homes.needed('c1', mounted, image('a', 'app'), signal)).toBe(false);
  });

  it('its PATH is where programs are looked for, and its HOME stays', async () => {
    const { engine } = holding({ '/tools/bash': program, '/usr/bin/bash': program, '/etc/passwd': passwd });
    const interpreters = new Interpreters(engine);
    const given = place({ docker: { Env: ['PATH=/tools:/usr/bin', 'HOME=/data'] } });
    expect(await interpreters.find('c1', given, image('a'), bash, signal)).toBe('/tools/bash');
    expect(await interpreters.find('c2', place(), image('a'), bash, signal)).toBe('/usr/bin/bash');
    expect(await new Homes(engine).needed('c1', given, image('a', '5000'), signal)).toBe(false);
    expect(await new Homes(engine).needed('c1', place(), image('a', '5000'), signal)).toBe(true);
  });
});

const python = ['python3', 'python'];

describe('an interpreter', () => {
  it('is looked for once per content of an image', async () => {
    const entries: Record<string, Entry> = { '/usr/bin/python3': program };
    const interpreters = new Interpreters(holding(entries).engine);
    const find = (id: string) => interpreters.find('c1', place(), image(id), python, signal);
    expect(await find('before')).toBe('/usr/bin/python3');
    delete entries['/usr/bin/python3'];
    entries['/usr/local/bin/python'] = program;
    expect(await find('before')).toBe('/usr/bin/python3');
    expect(await find('after')).toBe('/usr/local/bin/python');
  });

  it('that is missing in an image that is built says so in one sentence', async () => {
    const { engine } = holding({});
    const reference = 'the image of step "Build"';
    const built = place({ image: { reference, local: 'l', os: 'linux', architecture: 'amd64' } });
    await expect(new Interpreters(engine).find('c1', built, image('a'), bash, signal)).rejects.toThrow(
      /^The image of step "Build" has no bash/,
    );
    await expect(new Interpreters(engine).find('c1', place(), image('a'), bash, signal)).rejects.toThrow(
      /^Image tool:1 has no bash/,
    );
  });

  it.each([
    ['bash', bash, ['/bin/sh'], 'Sh', 'Set the script syntax to Sh'],
    [
      'bash without a shell',
      bash,
      [],
      'container',
      'Use an image that has it, or the step type "Run a container"',
    ],
    [
      'Python',
      python,
      ['/bin/sh'],
      'container',
      'Use an image that has it, or the step type "Run a container"',
    ],
    ['PowerShell', ['pwsh'], ['/bin/bash', '/bin/sh'], 'container', 'Use an image that has it'],
  ] as const)(
    'that is missing, %s: what helps the script as it is',
    async (_what, wanted, there, remedy, words) => {
      const { engine } = holding(Object.fromEntries(there.map((path) => [path, program])));
      const failure: unknown = await new Interpreters(engine)
        .find('c1', place(), image('a'), wanted, signal)
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ kind: 'Invalid', details: { remedy, there } });
      expect(String(failure)).toContain(words);
    },
  );
});
