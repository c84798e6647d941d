/** An attempt in a container. */

import { isIP } from 'node:net';
import { Conflict, InfrastructureFailure, Invalid, NotFound } from '@argonaut/contracts';
import type { AttemptSpec, ServiceSpec } from '@argonaut/contracts/attempt';
import { mountPoints } from '@argonaut/init';
import { crashPoint } from '../crash-point.ts';
import { engineMessageOf, isConnectionError } from '../docker/errors.ts';
import { imageInSentence, imageTitle } from '../images/names.ts';
import { checkPlace, refused } from '../options/place-policy.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { JournalEntry } from '../ports/journal.ts';
import {
  type ContainerPlace,
  containerConfig,
  containerName,
  joinsLane,
  labels,
  mountsOf,
} from './container-config.ts';
import { readContainerFile } from './container-file.ts';
import type { EngineRoom } from './engine-room.ts';
import type { Witness } from './outcome.ts';
import type { AttemptPlace, StagedPlace, Timings } from './place.ts';
import type { ProgramSurroundings } from './program.ts';
import { containerProxies } from './proxies.ts';
import { homeFolder, StagingDirectory, workFolder } from './staging-directory.ts';

/** A sandbox that died under us is replaced once; a second death is the worker's trouble. */
export class SandboxLost extends InfrastructureFailure {}

const askAgainMs = 1_000;
const removeTries = 5;

export class ContainerAttempts implements AttemptPlace {
  readonly knowsExitCode = true;
  readonly #room: EngineRoom;
  readonly #engine: Engine;
  readonly #clock: Clock;

  constructor(room: EngineRoom, clock: Clock) {
    this.#room = room;
    this.#engine = room.engine;
    this.#clock = clock;
  }

  async start(
    spec: AttemptSpec,
    directory: StagingDirectory,
    note: (made: StagedPlace) => void,
    timings: Timings,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#room.ready(signal);
    const place = await this.#allowedPlace(spec, signal);
    const time = stopwatch(this.#clock, timings);
    const sandboxId = joinsLane(place) ? await this.#room.sandboxes.take(spec.lane, signal) : undefined;
    if (sandboxId !== undefined) note({ sandboxId });
    time('sandbox');
    const containerId = await this.#create(spec, place, directory, { sandboxId }, signal);
    note({ containerId });
    crashPoint('stage.after-create');
    time('create');
    if (spec.interpreters.length > 0) {
      note({ interpreter: await this.#interpreter(containerId, spec, place, signal) });
      time('interpreter');
    }
    // Looked at now, and remembered: when the gate is to open every millisecond counts.
    await this.#home(containerId, place, signal);
    await this.#start(containerId, spec, sandboxId, signal);
    crashPoint('stage.after-start');
    time('start');
  }

  /**
   * The server has held it against the pool's policy already. Only here is it known where links lead, and what is mounted
   * is what was looked at.
   */
  async #allowedPlace(spec: AttemptSpec, signal: AbortSignal): Promise<ContainerPlace> {
    const place = containerPlace(spec);
    checkNameServers(spec, place);
    if (spec.policy === undefined) return place;
    const mounts = mountsOf(place);
    const real = new Map<unknown, string>();
    for (const { Type, Source } of mounts) {
      if (Type === 'bind' && typeof Source === 'string')
        real.set(Source, (await this.#room.realPath(Source, signal)) ?? Source);
    }
    // Logs before masking and the sockets of all steps: closed on every worker, wherever its user keeps it.
    const closed = [...spec.policy.closedDirectories, this.#room.hostDataDirectory];
    // Where they lead, too: an engine's directory is often a link to a larger disk.
    const lead = real.size === 0 ? [] : closed.map((path) => this.#room.realPath(path, signal));
    const led = (await Promise.all(lead)).filter((path) => path !== undefined);
    const policy = { ...spec.policy, closedDirectories: [...closed, ...led] };
    const refusals = checkPlace(place, spec.limits, policy, (path) => real.get(path) ?? path);
    if (refusals.length > 0) throw refused(`"${spec.title}"`, refusals);
    if (real.size === 0) return place;
    const looked = mounts.map((mount) => {
      const source = mount.Type === 'bind' ? real.get(mount.Source) : undefined;
      return source === undefined ? mount : { ...mount, Source: source };
    });
    return { ...place, docker: { ...place.docker, Mounts: looked } };
  }

  /** A service: everything up to the running init, in the network of the step's container. */
  async startBeside(
    spec: AttemptSpec,
    directory: StagingDirectory,
    stepContainer: string,
    signal: AbortSignal,
  ): Promise<string> {
    const joined = { sandboxId: stepContainer, role: 'service' } as const;
    const place = await this.#allowedPlace(spec, signal);
    const containerId = await this.#create(spec, place, directory, joined, signal);
    await this.#start(containerId, spec, stepContainer, signal);
    return containerId;
  }

  async #create(
    spec: AttemptSpec,
    place: ContainerPlace,
    directory: StagingDirectory,
    {
      sandboxId,
      role = 'attempt',
    }: { readonly sandboxId?: string | undefined; readonly role?: 'attempt' | 'service' },
    signal: AbortSignal,
  ): Promise<string> {
    const config = containerConfig(spec, place, {
      hostInit: this.#room.hostInit,
      hostAttempt: this.#room.hostPath(directory.attempt),
      staging: directory.name,
      role,
      owner: this.#room.owner,
      ...(sandboxId === undefined ? {} : { sandboxId }),
    });
    const name = containerName(spec.attempt);
    try {
      return (await this.#engine.createContainer(name, config, signal)).id;
    } catch (error) {
      await this.#checkSandbox(spec, sandboxId, error, signal);
      if (error instanceof Conflict) {
        throw new Conflict(
          `A container ${name} exists already, and it is not of this staging: another runner has the same attempt. Nothing was started.`,
          { cause: error },
        );
      }
      if (error instanceof NotFound && !/container/i.test(engineMessageOf(error))) {
        throw new NotFound(
          `${imageTitle(place.image.reference)} is not on the worker any more (it was removed or pruned since it was acquired); acquire it again.`,
          { cause: error, details: { imageMissing: place.image.reference } },
        );
      }
      if (error instanceof Invalid) throw refusedByEngine(spec, error);
      throw error;
    }
  }

  async #interpreter(
    containerId: string,
    spec: AttemptSpec,
    place: ContainerPlace,
    signal: AbortSignal,
  ): Promise<string> {
    const image = await this.#room.images.details(place.image.local, signal);
    return this.#room.interpreters.find(containerId, place, image, spec.interpreters, signal);
  }

  async #home(containerId: string, place: ContainerPlace, signal: AbortSignal): Promise<void> {
    const image = this.#room.images.known(place.image.local);
    if (image) await this.#room.homes.needed(containerId, place, image, signal);
  }

  async #start(
    containerId: string,
    spec: AttemptSpec,
    sandboxId: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#engine.startContainer(containerId, signal);
    } catch (error) {
      await this.#checkSandbox(spec, sandboxId, error, signal);
      throw unknownUser(spec, error) ?? error;
    }
  }

  /** Engines say it in many ways when the container that is to be joined is gone, so it is looked at. */
  async #checkSandbox(
    spec: AttemptSpec,
    sandboxId: string | undefined,
    cause: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    if (sandboxId === undefined || isConnectionError(cause)) return;
    const sandbox = await this.#engine.inspectContainer(sandboxId, signal);
    if (sandbox?.status === 'running') return;
    this.#room.sandboxes.forget(spec.lane, sandboxId);
    throw new SandboxLost(`The network sandbox of lane ${spec.lane} is gone.`, { cause });
  }

  work(): string {
    return `${mountPoints.attempt}/${workFolder}`;
  }

  async startFailure(staged: StagedPlace, signal: AbortSignal): Promise<string | undefined> {
    const state = await this.#engine.inspectContainer(staged.containerId ?? '', signal);
    if (!state) return 'its container was removed';
    if (state.status === 'running' || state.status === 'created') return undefined;
    const said = state.error === '' ? '' : `: ${state.error}`;
    return `its container ended with code ${state.exitCode}${said} before argonaut-init made its gate. The image or the engine has another architecture, or the worker's data directory is mounted noexec`;
  }

  /** `beside`: the services that share its network; default its own. */
  async surroundings(
    entry: JournalEntry,
    signal: AbortSignal,
    beside: readonly ServiceSpec[] = entry.spec.services ?? [],
  ): Promise<ProgramSurroundings> {
    const place = containerPlace(entry.spec);
    const image = await this.#room.images.details(place.image.local, signal);
    const containerId = entry.containerId ?? containerName(entry.spec.attempt);
    return {
      ...(entry.interpreter === undefined ? {} : { interpreter: entry.interpreter }),
      files: mountPoints.files,
      environment: containerProxies(
        this.#room.proxies,
        beside.map(({ name }) => name),
      ),
      work: this.work(),
      ...((await this.#room.homes.needed(containerId, place, image, signal))
        ? { home: `${mountPoints.attempt}/${homeFolder}` }
        : {}),
      entrypoint: image.entrypoint,
      cmd: image.cmd,
    };
  }

  async ended(entry: JournalEntry, signal: AbortSignal): Promise<Witness> {
    const id = entry.containerId ?? containerName(entry.spec.attempt);
    for (;;) {
      try {
        const code = await this.#engine.waitContainer(id, signal);
        if (code === undefined) return { kind: 'gone' };
        const state = await this.#engine.inspectContainer(id, signal);
        // Removed while we waited: its last code is all that is known.
        if (!state)
          return { kind: 'container', exitCode: code, oomKilled: false, error: 'removed', startedAt: '' };
        const { exitCode, oomKilled, error, startedAt } = state;
        return { kind: 'container', exitCode, oomKilled, error, startedAt };
      } catch (error) {
        signal.throwIfAborted();
        // An engine that is down or restarting says nothing about the container, which may well go on without it.
        if (!isConnectionError(error)) throw error;
        await this.#clock.sleep(askAgainMs, signal);
      }
    }
  }

  async kill(entry: JournalEntry, name: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void> {
    const id = await this.#own(entry, signal);
    if (id !== undefined) await this.#engine.killContainer(id, name, signal);
  }

  async remove(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    for (let tried = 1; ; tried++) {
      const id = await this.#own(entry, signal);
      if (id === undefined) return;
      if (tried > removeTries) {
        throw new InfrastructureFailure(
          `Container ${id.slice(0, 12)} is still there after ${removeTries} removals.`,
        );
      }
      await this.#engine.removeContainer(id, signal);
      if (tried > 1) await this.#clock.sleep(100 * tried, signal);
    }
  }

  /** The container of exactly this staging. One with our name but of another staging is somebody else's. */
  async #own(entry: JournalEntry, signal: AbortSignal): Promise<string | undefined> {
    const known = entry.containerId ?? containerName(entry.spec.attempt);
    const state = await this.#engine.inspectContainer(known, signal);
    if (!state) return undefined;
    return state.labels[labels.staging] === new StagingDirectory(entry.directory).name ? state.id : undefined;
  }

  read(entry: JournalEntry, path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return readContainerFile(this.#engine, entry, path, signal);
  }
}

function containerPlace(spec: AttemptSpec): ContainerPlace {
  const { place, services = [] } = spec;
  if (place.kind === 'container') {
    if (services.length === 0) return place;
    // Under their names and at localhost: all of them share the network of the step's container.
    const names = services.map(({ name }) => `${name}:127.0.0.1`);
    return { ...place, extraHosts: [...(place.extraHosts ?? []), ...names] };
  }
  throw new InfrastructureFailure(`Attempt ${spec.attempt} has no container.`);
}

/** Only the engine knows what it has: CPUs, networks, the least memory. */
function refusedByEngine({ title }: AttemptSpec, error: Invalid): Invalid {
  return new Invalid(
    `The worker's engine makes no container as "${title}" asks for it: ${engineMessageOf(error)}. Correct the step's limits, network, hosts or container options. No user code ran.`,
    { cause: error, details: error.details },
  );
}

/** Some engines write it into the container's configuration as it is, and the step then finds no name at all. */
function checkNameServers({ title }: AttemptSpec, { dns = [] }: ContainerPlace): void {
  const wrong = dns.find((address) => isIP(address) === 0);
  if (wrong === undefined) return;
  throw new Invalid(
    `The DNS server "${wrong}" of "${title}" is not an IP address. Name servers are asked by their address, such as 10.0.0.53.`,
  );
}

/** Engines look it up when they start the container, and answer 500; trying again would not help. */
function unknownUser({ title, place }: AttemptSpec, error: unknown): Invalid | undefined {
  if (place.kind !== 'container') return undefined;
  const said = engineMessageOf(error);
  const [, kind, name] = /unable to find (user|group) (.+?): no matching entries/.exec(said) ?? [];
  if (kind !== undefined) {
    const file = kind === 'user' ? '/etc/passwd' : '/etc/group';
    return new Invalid(
      `"${title}" is to run as ${kind} "${name}", and ${file} of ${imageInSentence(place.image.reference)} has no such ${kind}. Name one that it has, or a number: numbers need no entry. No user code ran.`,
      { cause: error },
    );
  }
  if (!/uids and gids must be in range/.test(said)) return undefined;
  return new Invalid(
    `"${title}" is to run as user "${place.user ?? ''}": ${said}. Name a smaller number. No user code ran.`,
    { cause: error },
  );
}

/** Each call writes the milliseconds since the last one under a name. */
function stopwatch(clock: Clock, timings: Timings): (name: string) => void {
  let last = clock.monotonic();
  return (name) => {
    const now = clock.monotonic();
    timings[name] = Math.round((now - last) * 100) / 100;
    last = now;
  };
}
