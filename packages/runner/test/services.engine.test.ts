/** Containers beside a step, with this machine's engine. */
import { localPorts } from './contract/local-ports.ts';
import { servicesContract } from './contract/services.ts';

servicesContract(localPorts);
