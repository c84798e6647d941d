import { localPorts } from './contract/local-ports.ts';
import { worldContract } from './contract/world.ts';

worldContract(localPorts);
