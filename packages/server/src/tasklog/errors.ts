import { InfrastructureFailure } from '@argonaut/contracts';

/** The stored log is not what was written: the disk or another program changed it. */
export class LogDamaged extends InfrastructureFailure {
  constructor(offset: number, why: string) {
    super(
      `The task log is damaged at byte ${offset}: ${why}. What lies before it can still be read; ` +
        'restore the file from a backup to get the rest.',
      { details: { offset } },
    );
  }
}
