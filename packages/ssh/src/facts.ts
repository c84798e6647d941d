/** What is asked of a worker when we first come there: who we are, what machine it is, and whether it has what we need. */
import { sshFailure } from './errors.ts';
import type { Shell } from './shell.ts';

export interface WorkerFacts {
  /** As images name them: `linux`, `amd64`. */
  readonly os: string;
  readonly architecture: string;
  readonly uid: number;
  readonly path: string;
  readonly home: string;
  /** Variables of the login that name proxies, such as `HTTPS_PROXY`. */
  readonly proxies: Readonly<Record<string, string>>;
}

/** Every one is part of POSIX, of busybox and of util-linux, so there is no machine with Docker that lacks one. */
const tools = ['cat', 'env', 'grep', 'head', 'readlink', 'rm', 'setsid', 'tr'] as const;

const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', arm64: 'arm64' };

/** @throws InfrastructureFailure `shell` or `tools`. */
export async function askFacts(shell: Shell, name: string, signal: AbortSignal): Promise<WorkerFacts> {
  const script = [
    'printf "os=%s\\narchitecture=%s\\nuid=%s\\n" "$(uname -s)" "$(uname -m)" "$(id -u)"',
    'printf "path=%s\\nhome=%s\\n" "$PATH" "$HOME"',
    "env | grep -iE '^(https?|all|no)_proxy=' || :",
    `for tool in ${tools.join(' ')}; do command -v "$tool" >/dev/null || printf 'missing=%s\\n' "$tool"; done`,
    '[ -r /proc/self/stat ] || printf "missing=/proc\\n"',
  ].join('\n');
  const { stdout } = await shell.run(script, signal);
  const pairs = stdout
    .toString('utf8')
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
  const first = (key: string): string => pairs.find(([name]) => name === key)?.[1] ?? '';
  const missing = pairs.filter(([key]) => key === 'missing').map(([, value]) => value);
  if (missing.length > 0) {
    throw sshFailure(
      'tools',
      `${name} lacks ${missing.join(', ')}. Install it there, or put it into the user's PATH.`,
    );
  }
  const machine = first('architecture');
  return {
    os: first('os').toLowerCase(),
    architecture: architectures[machine] ?? machine,
    uid: Number(first('uid')),
    path: first('path'),
    home: first('home'),
    proxies: Object.fromEntries(pairs.filter(([key]) => /^(https?|all|no)_proxy$/i.test(key))),
  };
}
