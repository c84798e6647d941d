/** The runner's contract on this machine's own ports. */
import { runnerContract } from './contract/index.ts';
import { localPorts } from './contract/local-ports.ts';

runnerContract('this machine', localPorts);
