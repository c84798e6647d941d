/**
 * Real services for `*.engine.test.ts` files: `const { host } = await registry()`. Each is started when first
 * asked for, shared by all files of a run and ended with it; see `setup.ts`.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import type { ChromiumProgram } from './services/chromium.ts';
import type { PostgresService } from './services/postgres.ts';
import type { RegistryService } from './services/registry.ts';
import type { SshdService } from './services/sshd.ts';

/** Enough to install a service's packages on a fresh machine. */
const START_DEADLINE_MS = 300_000;

/** An open registry that holds all test images. */
export const registry = () => ask<RegistryService>('registry');

/** The same behind basic authentication; `credentials` is present. */
export async function passwordRegistry(): Promise<Required<RegistryService>> {
  return ask('password-registry');
}

/** An SSH server that lets the user who runs the tests in, by key. */
export const sshd = () => ask<SshdService>('sshd');

/** A PostgreSQL server. Files that change data take a database of their own: {@link freshDatabase}. */
export const postgres = () => ask<PostgresService>('postgres');

/** The system's Chromium and how to start it. */
export const chromium = () => ask<ChromiumProgram>('chromium');

/** A new empty database on the shared PostgreSQL server; gone when the run ends. */
export async function freshDatabase(): Promise<{ url: string; name: string }> {
  const server = await postgres();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await promisify(execFile)(
    join(server.binDirectory, 'createdb'),
    ['-h', server.host, '-p', String(server.port), '-U', server.username, name],
    { env: { ...process.env, PGPASSWORD: server.password }, timeout: 30_000 },
  );
  return { url: server.url.replace(/\/postgres$/, `/${name}`), name };
}

async function ask<Service>(name: string): Promise<Service> {
  const desk = inject('serviceDesk');
  if (!desk) throw new Error(`the service ${name} is only there for files named *.engine.test.ts`);
  const answer = await fetch(`${desk}/${name}`, { signal: AbortSignal.timeout(START_DEADLINE_MS) });
  if (!answer.ok) throw new Error(`the test service ${name} did not start: ${await answer.text()}`);
  return (await answer.json()) as Service;
}
