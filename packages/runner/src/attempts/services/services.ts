/**
 * The services of attempts, through their life: staged with the step's container, opened and waited for before the step
 * may run, ended after it, and removed with everything else of the attempt. All that they need is in the attempt's own
 * journal entry, so they are found again after a crash like the step's container is.
 */
import { Invalid } from '@argonaut/contracts';
import type {
  LateService,
  LateValues,
  NamedSecret,
  Outcome,
  ServiceReport,
  ServiceSpec,
  TellLine,
} from '@argonaut/contracts/attempt';
import { type ExitRecord, parseExitRecord } from '@argonaut/init';
import { SecretSet } from '../../masking/index.ts';
import { orAborted } from '../../or-aborted.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Files } from '../../ports/files.ts';
import type { JournalEntry } from '../../ports/journal.ts';
import { containerName } from '../container-config.ts';
import type { ContainerAttempts } from '../container-place.ts';
import type { EngineRoom } from '../engine-room.ts';
import type { Gates } from '../gate.ts';
import { waitForGate } from '../gate-wait.ts';
import { gatePayload } from '../program.ts';
import { StagingDirectory } from '../staging-directory.ts';
import { signalName, systemErrorText } from '../system-names.ts';
import { deadlineOf, untilHealthy } from './health.ts';
import { maskedTail } from './service-log.ts';
import { readyCheck, serviceDirectory, serviceEntry, serviceLate } from './service-spec.ts';

const maxExitBytes = 64 * 1024;
/** What init may take beyond the grace: it drains pipes and ends stragglers. */
const initEndMs = 5_000;
const endPollMs = 100;
/** The engine's part of an ending, whatever the grace: it may be restarting, or busy with much else. */
const engineCallsMs = 5 * 60_000;

export interface ServicesOptions {
  readonly place: ContainerAttempts;
  readonly room: EngineRoom;
  readonly files: Files;
  readonly gates: Gates;
  readonly clock: Clock;
  /** Hidden beside those of the task. */
  readonly secrets: readonly NamedSecret[];
}

export class Services {
  readonly #options: ServicesOptions;
  /** By attempt: who waits for the health of its services. */
  readonly #waiting = new Map<string, AbortController>();
  /** By staging: the ending of its services. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  /** Each waits at a gate of its own when this resolves; none of their programs has run. */
  async stage(entry: JournalEntry, stepContainer: string, signal: AbortSignal): Promise<void> {
    const { place, files } = this.#options;
    await together(servicesOf(entry), signal, async (service, alive) => {
      const own = serviceEntry(entry, service);
      const directory = serviceDirectory(entry, service.name);
      await directory.make(files, alive);
      const containerId = await place.startBeside(own.spec, directory, stepContainer, alive);
      await waitForGate(this.#options, place, { containerId }, directory, alive);
    });
  }

  /**
   * Opens their gates and waits until all of them can be used. Resolves early when the attempt is cancelled meanwhile.
   * May be repeated. `Invalid` when one cannot be used; its `details.services` are reports.
   */
  async up(entry: JournalEntry, late: LateValues, tell: TellLine, signal: AbortSignal): Promise<void> {
    const { attempt } = entry.spec;
    const services = servicesOf(entry);
    if (services.length === 0) return;
    const waiting = new AbortController();
    this.#waiting.set(attempt, waiting);
    const failures = new Map<string, string>();
    const masks = new SecretSet([...late.secrets, ...this.#options.secrets]);
    try {
      await together(services, AbortSignal.any([signal, waiting.signal]), async (service, alive) => {
        const values = late.services?.find(({ name }) => name === service.name);
        if (!values) throw new Invalid(`Nothing says what the service "${service.name}" runs.`);
        const begun = this.#options.clock.monotonic();
        const why = await this.#upOne(entry, service, values, masks, tell, alive);
        const seconds = Math.round((this.#options.clock.monotonic() - begun) / 10) / 100;
        const over = why === undefined ? 'is ready' : 'is given up';
        tell({ level: 'Info', message: `${titleOf(service)} ${over} after ${seconds} s.` });
        if (why === undefined) return;
        failures.set(service.name, why);
        throw new Invalid(`The service "${service.name}" ${why}.`);
      });
      // One that was ready may have ended while another was waited for.
      for (const service of services.length > 1 ? services : []) {
        const end = await this.#ended(serviceEntry(entry, service), signal);
        if (end && !waiting.signal.aborted) failures.set(service.name, `${end.how} after it was ready`);
      }
      if (failures.size > 0) throw new Invalid('A service has ended.');
    } catch (error) {
      if (waiting.signal.aborted && !signal.aborted) return;
      signal.throwIfAborted();
      if (failures.size === 0) throw error;
      throw await this.#failure(entry, failures, masks, signal);
    } finally {
      if (this.#waiting.get(attempt) === waiting) this.#waiting.delete(attempt);
    }
  }

  /** Nobody waits for the health of this attempt's services any more. */
  interrupt(attempt: string): void {
    this.#waiting.get(attempt)?.abort(new Error('The attempt is ended.'));
  }

  async #upOne(
    entry: JournalEntry,
    service: ServiceSpec,
    late: LateService,
    masks: SecretSet,
    tell: TellLine,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { place, room, gates, clock } = this.#options;
    const own = serviceEntry(entry, service);
    const directory = serviceDirectory(entry, service.name);
    const check = readyCheck(late.health, await room.images.details(service.image.local, signal));
    const values = serviceLate(late, check, service.graceMs);
    // Without a working directory of ours: a service runs where its image wants it.
    const around = await place.surroundings(own, signal, servicesOf(entry));
    const { cwd: _, ...payload } = gatePayload(own.spec, values, around);
    const opened = await gates.open(directory, payload, signal);
    if (opened.outcome === 'not-started') return `could not be started: ${systemErrorText(opened.errno)}`;
    const containerId = containerName(own.spec.attempt);
    const ended = async () => (await this.#ended(own, signal))?.how;
    const mask = (text: string) => masks.mask(text);
    if (check.argv) {
      const waits = `waits for ${check.name}, ${deadlineOf(late.health) / 1_000} s at most`;
      tell({ level: 'Info', message: mask(`${titleOf(service)} has been started; the step ${waits}.`) });
    }
    return untilHealthy(
      { engine: room.engine, clock, containerId, check, health: late.health, mask, ended },
      signal,
    );
  }

  async #failure(
    entry: JournalEntry,
    failures: ReadonlyMap<string, string>,
    masks: SecretSet,
    signal: AbortSignal,
  ): Promise<Invalid> {
    const services: ServiceReport[] = [];
    for (const [name, why] of failures) {
      const message = masks.mask(`The service "${name}" ${why}.`);
      services.push({
        name,
        failed: true,
        message,
        log: await this.log(entry, name, masks, signal),
      });
    }
    const sentences = services.map(({ message }) => message).join(' ');
    return new Invalid(`${sentences} The step was not started.`, { details: { services } });
  }

  /** How they are at the end of the step; what nobody needs to read is left out. `masks`: those of the step's own log. */
  async report(
    entry: JournalEntry,
    outcome: Outcome,
    masks: SecretSet,
    signal: AbortSignal,
  ): Promise<readonly ServiceReport[]> {
    const services = servicesOf(entry);
    if (services.length === 0) return [];
    const reports: ServiceReport[] = [];
    for (const service of services) {
      const { name } = service;
      const end = await this.#ended(serviceEntry(entry, service), signal);
      // The end of a step may be asked for again when its services have been ended.
      const over = end?.wasAsked ? undefined : end;
      const shown = over !== undefined || service.log === 'always' || outcome.result !== 'Succeeded';
      const log = shown ? await this.log(entry, name, masks, signal) : '';
      const message =
        over === undefined
          ? `The service "${name}" ran until the step was over.`
          : masks.mask(`The service "${name}" ${over.how} before the step was over.`);
      if (over !== undefined || log !== '') reports.push({ name, failed: over !== undefined, message, log });
    }
    return reports;
  }

  /** Waits until it has ended, and says how, as the end of a sentence. Asks nobody again and again meanwhile. */
  async untilEnded(entry: JournalEntry, service: ServiceSpec, signal: AbortSignal): Promise<string> {
    const own = serviceEntry(entry, service);
    await this.#options.place.ended(own, signal);
    return (await this.#ended(own, signal))?.how ?? 'ended';
  }

  /** The end of what it printed. */
  log(entry: JournalEntry, name: string, masks: SecretSet, signal: AbortSignal): Promise<string> {
    return maskedTail(this.#options.files, serviceDirectory(entry, name), masks, signal);
  }

  /**
   * TERM, the grace, KILL. One ending for everybody who asks; those that were never opened are gone at once. It has a deadline
   * of its own: who stops waiting, with `signal`, does not stop it for the others.
   */
  end(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    const services = servicesOf(entry);
    if (services.length === 0) return Promise.resolve();
    let ending = this.#ending.get(entry.directory);
    if (ending === undefined) {
      const longest = Math.max(...services.map(({ graceMs }) => graceMs)) + initEndMs;
      const own = AbortSignal.timeout(longest + engineCallsMs);
      ending = this.#endAll(entry, own).finally(() => this.#ending.delete(entry.directory));
      this.#ending.set(entry.directory, ending);
      // Everybody may have left by the time that it fails.
      ending.catch(() => {});
    }
    return orAborted(ending, signal);
  }

  async #endAll(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    this.interrupt(entry.spec.attempt);
    const { place, gates, clock } = this.#options;
    await Promise.all(
      servicesOf(entry).map(async (service) => {
        const own = serviceEntry(entry, service);
        const directory = serviceDirectory(entry, service.name);
        if (!(await gates.cancel(directory, service.graceMs, signal)))
          await place.kill(own, 'SIGTERM', signal);
        const end = clock.monotonic() + service.graceMs + initEndMs;
        while (clock.monotonic() < end && !(await this.#ended(own, signal)))
          await clock.sleep(endPollMs, signal);
        if (clock.monotonic() >= end) await place.kill(own, 'SIGKILL', signal);
        // Init has written that it ends; its container is there for a moment longer.
        await place.ended(own, signal);
      }),
    );
  }

  /** Ends them if they have not ended, and removes their containers; their directories lie in the attempt's. */
  async remove(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    const services = servicesOf(entry);
    if (services.length === 0) return;
    await this.end(entry, signal);
    const { place } = this.#options;
    await Promise.all(services.map((service) => place.remove(serviceEntry(entry, service), signal)));
  }

  /** What became of it; nothing while it runs. */
  async #ended(own: JournalEntry, signal: AbortSignal): Promise<ServiceEnd | undefined> {
    const { files, room } = this.#options;
    const path = serviceDirectoryOf(own).exit;
    const bytes = await files.readFile(path, maxExitBytes, signal);
    if (bytes) return recorded(Buffer.from(bytes).toString('utf8'));
    const state = await room.engine.inspectContainer(containerName(own.spec.attempt), signal);
    if (state?.status === 'running' || state?.status === 'created') return undefined;
    // It may have ended between the two questions.
    const again = await files.readFile(path, maxExitBytes, signal);
    if (again) return recorded(Buffer.from(again).toString('utf8'));
    return {
      how: state?.oomKilled
        ? 'ran out of memory'
        : 'was ended from outside: its container is gone or was killed',
      wasAsked: false,
    };
  }
}

function titleOf({ name, image }: ServiceSpec): string {
  return `Service "${name}" (${image.reference})`;
}

/** The part of an entry that says which services there are; every entry of an attempt without them is left alone. */
export function servicesOf(entry: JournalEntry): readonly ServiceSpec[] {
  return entry.spec.services ?? [];
}

function serviceDirectoryOf(own: JournalEntry) {
  return new StagingDirectory(own.directory);
}

interface ServiceEnd {
  /** As the end of a sentence. */
  readonly how: string;
  /** We asked it to, which is done only when its step is over. */
  readonly wasAsked: boolean;
}

/** A service can put anything into its own record; then its end is known, and nothing more. */
function recorded(text: string): ServiceEnd {
  try {
    const record = parseExitRecord(text);
    const wasAsked = record.reason === 'cancelled' && record.by === 'control';
    return { how: exitWords(record), wasAsked };
  } catch {
    return { how: 'ended', wasAsked: false };
  }
}

function exitWords(record: ExitRecord): string {
  const { code, signal, reason, oomKills, errno } = record;
  if (reason === 'exec-failed') return `could not be started: ${systemErrorText(errno)}`;
  const out = (oomKills ?? 0) > 0 && code !== 0 ? ' after the kernel ended a process for lack of memory' : '';
  if (signal !== null) return `was ended by ${signalName(signal)}${out}`;
  return `ended with code ${code ?? 'unknown'}${out}`;
}

/** All at once; the first failure ends the others, and is what is told. */
async function together(
  services: readonly ServiceSpec[],
  signal: AbortSignal,
  work: (service: ServiceSpec, alive: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const alive = AbortSignal.any([signal, failed.signal]);
  const results = await Promise.allSettled(
    services.map(async (service) => {
      try {
        await work(service, alive);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  if (results.some(({ status }) => status === 'rejected')) {
    signal.throwIfAborted();
    throw failed.signal.reason;
  }
}
