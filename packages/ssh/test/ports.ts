/** The ports of a worker behind the test sshd. */
import { Secret } from '@argonaut/contracts';
import { createDockerEngine } from '@argonaut/runner/docker';
import type { SshdService } from '../../../test/services/sshd.ts';
import type { PortsUnderTest } from '../../runner/test/contract/index.ts';
import { connectSsh, type SshOptions, type SshWorker } from '../src/index.ts';

/** The engine's socket as DOCKER_HOST has it: the worker is this machine. */
export const engineSocket =
  (process.env.DOCKER_HOST ?? '').replace(/^unix:\/\//, '') || '/var/run/docker.sock';

export function optionsFor(
  sshd: Pick<SshdService, 'host' | 'port' | 'username' | 'privateKey' | 'hostKey'>,
): SshOptions {
  return {
    host: sshd.host,
    port: sshd.port,
    username: sshd.username,
    authentication: { kind: 'key', privateKey: new Secret(sshd.privateKey) },
    hostFingerprint: sshd.hostKey,
    engineSocket,
  };
}

export type SshPorts = PortsUnderTest & { readonly worker: SshWorker };

export async function openSshPorts(sshd: SshdService): Promise<SshPorts> {
  const worker = await connectSsh(optionsFor(sshd), AbortSignal.timeout(20_000));
  const engine = createDockerEngine({
    kind: 'stream',
    name: `the engine of ${worker.name}`,
    connect: worker.engineConnect,
  });
  return {
    worker,
    engine,
    files: worker.files,
    processes: worker.processes,
    close: async () => {
      await engine.close();
      await worker.close();
    },
  };
}
