import { createDockerEngine, endpointFromDockerHost } from '../src/docker/index.ts';
import { createLocalFiles, createLocalProcesses } from '../src/local/index.ts';
import { servicesContract } from './contract/services.ts';

servicesContract(async () => {
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
});
