/** The runner's contract through one SSH connection to a real sshd: the ports are in the right place. */
import { sshd } from '../../../test/services.ts';
import { runnerContract } from '../../runner/test/contract/index.ts';
import { openSshPorts } from './ports.ts';

runnerContract('a worker behind SSH', async () => openSshPorts(await sshd()));
