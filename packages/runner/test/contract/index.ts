/** The contract of a runner, whatever its ports: call it in a test file with a way to open them. */
import { describe } from 'vitest';
import type { OpenPorts } from './bench.ts';
import { endsContract } from './ends.ts';
import { fencesContract } from './fences.ts';
import { hostContract } from './host.ts';
import { imageKindsContract } from './images.ts';
import { lanesContract } from './lanes.ts';
import { lifeContract } from './life.ts';
import { outputContract } from './output.ts';
import { packagesContract } from './packages.ts';

export type { OpenPorts, PortsUnderTest } from './bench.ts';

export function runnerContract(name: string, openPorts: OpenPorts): void {
  describe(`a runner on ${name}`, () => {
    lifeContract(openPorts);
    outputContract(openPorts);
    endsContract(openPorts);
    imageKindsContract(openPorts);
    fencesContract(openPorts);
    lanesContract(openPorts);
    hostContract(openPorts);
    packagesContract(openPorts);
  });
}
