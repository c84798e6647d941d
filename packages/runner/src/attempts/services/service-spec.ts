/** A service as the attempt-like thing that it is: what it is made of, and what goes through its gate. Pure. */
import type {
  AttemptSpec,
  HealthCheck,
  LateService,
  LateValues,
  ServiceHealth,
  ServiceSpec,
} from '@argonaut/contracts/attempt';
import { mountPoints, probeArguments } from '@argonaut/init';
import type { ImageDetails } from '../../ports/engine.ts';
import type { JournalEntry } from '../../ports/journal.ts';
import { quote } from '../../scripts/posix.ts';
import { StagingDirectory } from '../staging-directory.ts';

/** A service ends with its step; should nobody be left to end it, it does so by itself, as a network sandbox does. */
const lifeMs = 21 * 24 * 3600_000;
/** The service's own variables for health checks of a shell. */
const environmentFile = 'environment';

export function serviceDirectory(entry: Pick<JournalEntry, 'directory'>, name: string): StagingDirectory {
  return new StagingDirectory(entry.directory).service(name);
}

/** The service as the place that runs attempts sees it. It joins the network of the step's container. */
export function serviceEntry(entry: JournalEntry, service: ServiceSpec): JournalEntry {
  const { spec, phase, epoch, changedMs } = entry;
  return {
    spec: serviceAttempt(spec, service),
    phase,
    epoch,
    changedMs,
    directory: serviceDirectory(entry, service.name).root,
  };
}

function serviceAttempt(spec: AttemptSpec, service: ServiceSpec): AttemptSpec {
  return {
    attempt: `${spec.attempt}-${service.name}`,
    task: spec.task,
    server: spec.server,
    lane: spec.lane,
    title: `${spec.title}: service ${service.name}`,
    place: {
      kind: 'container',
      image: service.image,
      network: 'lane',
      ...(service.user === undefined ? {} : { user: service.user }),
    },
    limits: service.limits,
    ...(spec.policy === undefined ? {} : { policy: spec.policy }),
    interpreters: [],
    // Its log is read by people only, who want the lines in their order.
    oneStream: true,
    serviceMessages: false,
    gateDeadlineMs: spec.gateDeadlineMs,
    holdOnFailureMs: 0,
    leftovers: 'end',
  };
}

/** A health check, ready to be run in the service's container. */
export interface ReadyCheck {
  /** Absent: nothing is waited for. */
  readonly argv?: readonly string[];
  /** As people know it. */
  readonly name: string;
  readonly needsEnvironment: boolean;
  readonly timeoutMs?: number;
}

/** What the step asks for, otherwise what the image says. */
export function readyCheck({ check }: ServiceHealth, image: ImageDetails): ReadyCheck {
  if (check) return checkOf(check);
  const { healthcheck } = image;
  if (!healthcheck) return checkOf({ kind: 'none' });
  const [kind, ...words] = healthcheck.test;
  const found = checkOf(
    kind === 'CMD-SHELL' ? { kind: 'shell', line: words.join(' ') } : { kind: 'command', argv: words },
  );
  return healthcheck.timeoutMs > 0 ? { ...found, timeoutMs: healthcheck.timeoutMs } : found;
}

function checkOf(check: HealthCheck): ReadyCheck {
  switch (check.kind) {
    case 'port':
      return {
        argv: [mountPoints.init, ...probeArguments(check.port)],
        name: `port ${check.port}`,
        needsEnvironment: false,
      };
    case 'command':
      return { argv: check.argv, name: check.argv[0] ?? '', needsEnvironment: false };
    case 'shell':
      // The engine knows the variables of the image only: those of the gate are in a file that only the service's user reads.
      return {
        argv: ['/bin/sh', '-c', `. ${mountPoints.files}/${environmentFile}\n${check.line}`],
        name: 'its health check',
        needsEnvironment: true,
      };
    case 'none':
      return { name: 'its start', needsEnvironment: false };
  }
}

export function serviceLate(late: LateService, check: ReadyCheck, graceMs: number): LateValues {
  const { argv, environment } = late;
  return {
    argv,
    environment,
    files: check.needsEnvironment
      ? [{ name: environmentFile, bytes: Buffer.from(exported(environment)) }]
      : [],
    secrets: [],
    deadlineMs: lifeMs,
    graceMs,
  };
}

/** Names that a shell cannot have are left out: no line of a shell could ask for them. */
function exported(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('');
}
