/** This machine's own ports, on the engine that DOCKER_HOST names. */
import { createDockerEngine, endpointFromDockerHost } from '../../src/docker/index.ts';
import { createLocalFiles, createLocalProcesses } from '../../src/local/index.ts';
import type { PortsUnderTest } from './bench.ts';

export async function localPorts(): Promise<PortsUnderTest> {
  const files = createLocalFiles();
  const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
  return {
    engine,
    files,
    processes: createLocalProcesses({ path: process.env.PATH ?? '' }),
    close: async () => {
      await engine.close();
      await files[Symbol.asyncDispose]();
    },
  };
}
