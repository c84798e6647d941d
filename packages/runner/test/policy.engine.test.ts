/** What a pool allows, held against this machine's engine by the worker itself. */
import { localPorts } from './contract/local-ports.ts';
import { policyContract } from './contract/policy.ts';

policyContract(localPorts);
