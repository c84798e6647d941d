import { localPorts } from './contract/local-ports.ts';
import { policyContract } from './contract/policy.ts';

policyContract(localPorts);
