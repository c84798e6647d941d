/** Services, pool policies and the world of a program on a worker behind SSH: the same suites as on this machine. */

import { sshd } from '../../../test/services.ts';
import { policyContract } from '../../runner/test/contract/policy.ts';
import { servicesContract } from '../../runner/test/contract/services.ts';
import { servicesEndContract } from '../../runner/test/contract/services-end.ts';
import { worldContract } from '../../runner/test/contract/world.ts';
import { openSshPorts } from './ports.ts';

const openPorts = async () => openSshPorts(await sshd());
servicesContract(openPorts);
servicesEndContract(openPorts);
policyContract(openPorts);
worldContract(openPorts);
