/** The runner's contract on this machine's own ports. */
import { createDockerEngine, endpointFromDockerHost } from '../src/docker/index.ts';
import { createLocalFiles, createLocalProcesses } from '../src/local/index.ts';
import { runnerContract } from './contract/index.ts';

runnerContract('this machine', async () => {
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
