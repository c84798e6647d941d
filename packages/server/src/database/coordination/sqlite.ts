/**
 * Coordination on SQLite: the database belongs to one process, so whoever runs is the only server. Leases of an earlier
 * process are free at once, and waking is a call within the process.
 */
import type { Lease } from './port.ts';
import { SharedCoordination } from './shared.ts';

export class SqliteCoordination extends SharedCoordination {
  claim(owner: string, leaseFor: number, stopped: readonly string[] = []): Promise<Lease | undefined> {
    return this.queue.claim(owner, leaseFor, stopped, { respectsOthers: false, lock: '' });
  }

  async wake(): Promise<void> {
    this.database.afterCommit(() => this.tellListeners());
  }
}
