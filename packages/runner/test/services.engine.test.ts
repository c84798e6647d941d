/** Containers beside a step, with this machine's engine. */
import { localPorts } from './contract/local-ports.ts';
import { servicesContract } from './contract/services.ts';
import { servicesEndContract } from './contract/services-end.ts';

servicesContract(localPorts);
servicesEndContract(localPorts);
