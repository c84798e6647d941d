/** The server's settings: the only place in this package that reads the environment. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { Invalid, messageOf, Secret } from '@argonaut/contracts';
import { OutboundPolicy } from './outbound/policy.ts';
import { DEFAULT_MARKS, marksOf } from './workers/images/marks.ts';

export interface ServerConfig {
  readonly host: string;
  /** 0 lets the system choose a free port. */
  readonly port: number;
  /** Everything the server keeps on disk: SQLite, key file, blobs. */
  readonly dataDirectory: string;
  /** `postgres://…`; absent means SQLite in the data directory. */
  readonly databaseUrl?: Secret;
  readonly adminApiKey?: Secret;
  readonly adminPassword?: Secret;
  /** 32 bytes as base64 or hex; absent means a key file in the data directory, made at the first start. */
  readonly masterKey?: Secret;
  /** The address at which people reach the server, for texts that steps write. */
  readonly publicUrl?: string;
  readonly tls?: { readonly certificateFile: string; readonly keyFile: string };
  /** Addresses or CIDR ranges whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies: readonly string[];
  /** Where the server may connect to besides public addresses when users name an address: see `outbound/policy.ts`. */
  readonly outboundAllow: readonly string[];
  /** Largest JSON body in bytes. */
  readonly bodyLimit: number;
  /** How the built-in worker reaches its engine, as the docker command reads it; absent: the usual socket. */
  readonly dockerHost?: string;
  /** The data directory as the engine sees it, when the server itself is in a container. */
  readonly hostDataDirectory?: string;
  /** What plain steps of the built-in worker find in their environment; nothing of ours, and no secret of the server. */
  readonly stepEnvironment: Readonly<Record<string, string>>;
  /** How many tasks this server works on at the same time; those that wait for a person do not count. */
  readonly taskCap: number;
  /** When images are removed from workers whose policy does not say it: see `workers/images/marks.ts`. */
  readonly imageCleanUp: string;
  readonly logLevel: 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
}

/** What a program expects of any machine: where programs and its home are, the language, the way to the internet. */
const STEP_VARIABLES =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY)$/;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function stepEnvironment(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const passed = Object.entries(environment).filter(
    (entry): entry is [string, string] => STEP_VARIABLES.test(entry[0]) && entry[1] !== undefined,
  );
  return { PATH: DEFAULT_PATH, ...Object.fromEntries(passed) };
}

const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** 30 MiB: a deployment process with its scripts inline; packages and artifacts have their own limit. */
const DEFAULT_BODY_LIMIT = 30 * 1024 * 1024;

/** Registries of a self-hosted server mostly are in the house. */
const DEFAULT_OUTBOUND_ALLOW = 'loopback,private';

/** As in Octopus. */
const DEFAULT_TASK_CAP = 5;

/** Also the names that the HTTP server knows for ranges. */
function isAddressOrRange(text: string): boolean {
  if (/^(loopback|linklocal|uniquelocal)$/.test(text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  const most = family === 6 ? 128 : 32;
  return (
    family > 0 && rest.length === 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= most))
  );
}

/** Settings from the environment; every complaint is listed at once. */
export function readConfig(environment: NodeJS.ProcessEnv): ServerConfig {
  const complaints: string[] = [];
  const text = (name: string) => environment[name]?.trim() || undefined;
  const secret = (name: string) => {
    const value = text(name);
    return value === undefined ? undefined : new Secret(value);
  };

  const port = Number(text('ARGONAUT_PORT') ?? '8080');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    complaints.push(`ARGONAUT_PORT must be a number from 0 to 65535, not "${text('ARGONAUT_PORT')}".`);
  }
  const adminApiKey = text('ARGONAUT_ADMIN_API_KEY');
  if (adminApiKey !== undefined && !/^API-[A-Z0-9]+$/.test(adminApiKey)) {
    complaints.push(
      'ARGONAUT_ADMIN_API_KEY must be "API-" followed by upper-case letters or digits; clients refuse other forms.',
    );
  }
  const certificateFile = text('ARGONAUT_TLS_CERTIFICATE');
  const keyFile = text('ARGONAUT_TLS_KEY');
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    complaints.push('ARGONAUT_TLS_CERTIFICATE and ARGONAUT_TLS_KEY belong together: set both or neither.');
  }
  const bodyLimit = Number(text('ARGONAUT_BODY_LIMIT') ?? DEFAULT_BODY_LIMIT);
  if (!Number.isInteger(bodyLimit) || bodyLimit < 1024) {
    complaints.push('ARGONAUT_BODY_LIMIT must be a number of bytes, at least 1024.');
  }
  const taskCap = Number(text('ARGONAUT_TASK_CAP') ?? DEFAULT_TASK_CAP);
  if (!Number.isInteger(taskCap) || taskCap < 1) {
    complaints.push(
      'ARGONAUT_TASK_CAP must be the number of tasks that may run at the same time, at least 1.',
    );
  }
  const imageCleanUp = text('ARGONAUT_IMAGE_CLEAN_UP') ?? DEFAULT_MARKS;
  try {
    marksOf(imageCleanUp);
  } catch (error) {
    complaints.push(`ARGONAUT_IMAGE_CLEAN_UP: ${messageOf(error)}`);
  }
  const trustedProxies = (text('ARGONAUT_TRUSTED_PROXIES') ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
  for (const entry of trustedProxies.filter((one) => !isAddressOrRange(one))) {
    complaints.push(
      `ARGONAUT_TRUSTED_PROXIES: "${entry}" is no address or range such as 10.0.0.0/8; separate several by commas.`,
    );
  }
  const outboundAllow = (text('ARGONAUT_OUTBOUND_ALLOW') ?? DEFAULT_OUTBOUND_ALLOW).split(',');
  try {
    new OutboundPolicy(outboundAllow);
  } catch (error) {
    complaints.push(messageOf(error));
  }
  const logLevel = LOG_LEVELS.find((level) => level === (text('ARGONAUT_LOG_LEVEL') ?? 'info'));
  if (logLevel === undefined) complaints.push(`ARGONAUT_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}.`);
  const databaseUrl = text('ARGONAUT_DATABASE_URL');
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    complaints.push('ARGONAUT_DATABASE_URL must begin with postgres://; leave it out to use SQLite.');
  }

  const publicUrl = text('ARGONAUT_PUBLIC_URL');
  if (publicUrl !== undefined && !/^https?:$/.test(URL.parse(publicUrl)?.protocol ?? '')) {
    complaints.push('ARGONAUT_PUBLIC_URL must be an address such as https://deploy.example.org.');
  }

  if (complaints.length > 0 || logLevel === undefined) {
    throw new Invalid(`The settings cannot be used. ${complaints.join(' ')}`, { errors: complaints });
  }
  const optional = <K extends string, V>(key: K, value: V | undefined) =>
    (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
  return {
    host: text('ARGONAUT_HOST') ?? '127.0.0.1',
    port,
    dataDirectory: resolve(text('ARGONAUT_DATA') ?? '.argonaut'),
    ...optional('databaseUrl', secret('ARGONAUT_DATABASE_URL')),
    ...optional('adminApiKey', secret('ARGONAUT_ADMIN_API_KEY')),
    ...optional('adminPassword', secret('ARGONAUT_ADMIN_PASSWORD')),
    ...optional('masterKey', secret('ARGONAUT_MASTER_KEY')),
    ...optional('publicUrl', publicUrl),
    ...optional('tls', certificateFile && keyFile ? { certificateFile, keyFile } : undefined),
    trustedProxies,
    outboundAllow,
    bodyLimit,
    ...optional('dockerHost', text('DOCKER_HOST')),
    ...optional('hostDataDirectory', text('ARGONAUT_HOST_DATA')),
    stepEnvironment: stepEnvironment(environment),
    taskCap,
    imageCleanUp,
    logLevel,
  };
}
