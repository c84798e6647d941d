/**
 * Set-up of the `engine` tests, once per run: a reachable Docker engine that has the test images, and a desk
 * where test files ask for the other services. A service is started when the first file asks for it, shared by
 * all files, and ended with the run. The files' side of the desk is `services.ts`.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { ensureImages } from '../scripts/images/build.ts';
import { findChromium } from './services/chromium.ts';
import { startPostgres } from './services/postgres.ts';
import { removeAbandonedDirectories } from './services/process.ts';
import { startRegistry } from './services/registry.ts';
import { startSshd } from './services/sshd.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The desk's address, `http://127.0.0.1:<port>`. */
    serviceDesk: string;
  }
}

interface Started {
  readonly description: object;
  readonly stop: () => Promise<void>;
}

/** Installing an engine takes a minute on a slow mirror. */
const ENGINE_DEADLINE_MS = 300_000;

export default async function setup(project: TestProject) {
  await promisify(execFile)('sh', [join(import.meta.dirname, '../scripts/machine/engine.sh')], {
    timeout: ENGINE_DEADLINE_MS,
  });
  await removeAbandonedDirectories();
  const store = await ensureImages((line) => console.log(`images: ${line}`));

  const offered: Record<string, () => Promise<Started>> = {
    registry: () => startRegistry({ store, withPassword: false }),
    'password-registry': () => startRegistry({ store, withPassword: true }),
    sshd: startSshd,
    postgres: startPostgres,
    chromium: async () => ({ description: await findChromium(), stop: async () => {} }),
  };
  const started = new Map<string, Promise<Started>>();

  const desk = createServer(async (request, response) => {
    const name = request.url?.slice(1) ?? '';
    try {
      const start = offered[name];
      if (!start) throw new Error(`no service ${name}; there are ${Object.keys(offered).join(', ')}`);
      let service = started.get(name);
      if (!service) {
        service = start();
        started.set(name, service);
      }
      response.end(JSON.stringify((await service).description));
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error));
    }
  }).listen(0, '127.0.0.1');
  await once(desk, 'listening');
  const address = desk.address();
  if (address === null || typeof address === 'string') throw new Error('the service desk has no port');
  project.provide('serviceDesk', `http://127.0.0.1:${address.port}`);

  return async () => {
    desk.close();
    const running = await Promise.allSettled(started.values());
    await Promise.all(running.map(async (service) => service.status === 'fulfilled' && service.value.stop()));
  };
}
