/** The engine's container calls. */
import type { ContainerConfig, ContainerState } from '../ports/engine.ts';
import type { EngineCalls } from './calls.ts';
import { labels, list, number, record, text, texts } from './json.ts';
import { programSettings } from './program-settings.ts';

const statuses = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const;

/** Creating copies nothing but may wait for the engine's locks; starting sets up a network and a cgroup. */
const startDeadlineMs = 120_000;
const removeDeadlineMs = 120_000;

function status(value: unknown): ContainerState['status'] {
  return statuses.find((known) => known === value) ?? 'dead';
}

/** The engine writes the year 1 for "never". */
function moment(value: unknown): string {
  const when = text(value);
  return when.startsWith('0001-') ? '' : when;
}

export async function createContainer(
  calls: EngineCalls,
  name: string,
  config: ContainerConfig,
  signal: AbortSignal,
): Promise<{ readonly id: string }> {
  const answer = record(
    await calls.json(
      {
        method: 'POST',
        path: '/containers/create',
        query: { name },
        json: config,
        subject: `creating container ${name}`,
      },
      signal,
    ),
  );
  return { id: text(answer.Id) };
}

export async function startContainer(
  calls: EngineCalls,
  id: string,
  signal: AbortSignal,
): Promise<'started' | 'already'> {
  const answer = await calls.done(
    {
      method: 'POST',
      path: `/containers/${id}/start`,
      subject: `starting container ${id.slice(0, 12)}`,
      accept: [304],
      deadlineMs: startDeadlineMs,
    },
    signal,
  );
  return answer === 304 ? 'already' : 'started';
}

export async function inspectContainer(
  calls: EngineCalls,
  idOrName: string,
  signal: AbortSignal,
): Promise<ContainerState | undefined> {
  const found = await calls.find(
    { method: 'GET', path: `/containers/${idOrName}/json`, subject: `looking at container ${idOrName}` },
    signal,
  );
  if (found === undefined) return undefined;
  const container = record(found);
  const state = record(container.State);
  return {
    id: text(container.Id),
    name: text(container.Name).replace(/^\//, ''),
    status: status(state.Status),
    exitCode: number(state.ExitCode),
    oomKilled: state.OOMKilled === true,
    error: text(state.Error),
    startedAt: moment(state.StartedAt),
    finishedAt: moment(state.FinishedAt),
    labels: labels(record(container.Config).Labels),
    imageId: text(container.Image),
    settings: programSettings(record(container.Config)),
  };
}

export async function waitContainer(
  calls: EngineCalls,
  id: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const answer = await calls.find(
    {
      method: 'POST',
      path: `/containers/${id}/wait`,
      subject: `waiting for container ${id.slice(0, 12)}`,
      deadlineMs: 0,
    },
    signal,
  );
  return answer === undefined ? undefined : number(record(answer).StatusCode);
}

/** A container that has ended already (409) or is gone (404) needs no signal. */
export async function killContainer(
  calls: EngineCalls,
  id: string,
  name: 'SIGTERM' | 'SIGKILL',
  signal: AbortSignal,
): Promise<void> {
  await calls.done(
    {
      method: 'POST',
      path: `/containers/${id}/kill`,
      query: { signal: name },
      subject: `sending ${name} to container ${id.slice(0, 12)}`,
      accept: [404, 409],
    },
    signal,
  );
}

/** 409 says that somebody else is removing it just now; whoever must be sure asks again. */
export async function removeContainer(
  calls: EngineCalls,
  idOrName: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.done(
    {
      method: 'DELETE',
      path: `/containers/${idOrName}`,
      query: { force: '1', v: '1' },
      subject: `removing container ${idOrName}`,
      accept: [404, 409],
      deadlineMs: removeDeadlineMs,
    },
    signal,
  );
}

export async function renameContainer(
  calls: EngineCalls,
  id: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.done(
    {
      method: 'POST',
      path: `/containers/${id}/rename`,
      query: { name },
      subject: `renaming container ${id.slice(0, 12)} to ${name}`,
    },
    signal,
  );
}

/** The list knows no exit code and no OOM flag: 0 and false here. */
export async function listContainers(
  calls: EngineCalls,
  wanted: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<readonly ContainerState[]> {
  const filters = JSON.stringify({
    label: Object.entries(wanted).map(([name, value]) => `${name}=${value}`),
  });
  const found = await calls.json(
    {
      method: 'GET',
      path: '/containers/json',
      query: { all: '1', filters },
      subject: 'listing containers',
    },
    signal,
  );
  return list(found).map((entry) => {
    const container = record(entry);
    return {
      id: text(container.Id),
      name: (texts(container.Names)[0] ?? '').replace(/^\//, ''),
      status: status(container.State),
      exitCode: 0,
      oomKilled: false,
      error: '',
      startedAt: '',
      finishedAt: '',
      labels: labels(container.Labels),
      imageId: text(container.ImageID),
      settings: programSettings({}),
    };
  });
}
