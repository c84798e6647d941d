/** What a program finds around it, with this machine's engine. */
import { localPorts } from './contract/local-ports.ts';
import { worldContract } from './contract/world.ts';

worldContract(localPorts);
