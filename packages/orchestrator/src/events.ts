/**
 * What can happen to a task. Events may come late, twice or out of order; one that does not fit the state changes
 * nothing, so the shell may repeat an event whenever it is in doubt.
 */
import type { AcquiredImage, AcquiredPackage, Outcome } from '@argonaut/contracts/attempt';
import type { Answer } from './commands.ts';

export type TaskEvent =
  /** The task was taken from the queue. */
  | { readonly type: 'begin' }
  | LeaseEvent
  | ImageEvent
  | PackageEvent
  | AttemptProgress
  /** Each request has an id: the second one also ends steps that always run. */
  | { readonly type: 'cancel-requested'; readonly request: string; readonly by?: string }
  | InterruptionAnswered
  | { readonly type: 'timer-fired'; readonly timer: string };

export type LeaseEvent =
  | {
      readonly type: 'leased';
      readonly pool: string;
      readonly generation: number;
      readonly worker: string;
      readonly workerName: string;
    }
  | {
      readonly type: 'lease-failed';
      readonly pool: string;
      readonly generation: number;
      readonly message: string;
    }
  /** The worker will not answer any more; what ran there is `Unknown`. */
  | {
      readonly type: 'worker-lost';
      readonly pool: string;
      readonly generation: number;
      readonly message: string;
    };

export type ImageEvent =
  | {
      readonly type: 'acquired';
      readonly image: string;
      readonly acquisition: number;
      readonly acquired: AcquiredImage;
    }
  | {
      readonly type: 'acquire-failed';
      readonly image: string;
      readonly acquisition: number;
      readonly message: string;
      /** The registry has refused who asks: only a person can change that. */
      readonly final?: boolean;
    };

export type PackageEvent =
  | {
      readonly type: 'package-acquired';
      readonly package: string;
      readonly acquisition: number;
      readonly acquired: AcquiredPackage;
    }
  | {
      readonly type: 'package-acquire-failed';
      readonly package: string;
      readonly acquisition: number;
      readonly message: string;
    };

export type AttemptProgress =
  | {
      readonly type: 'staged';
      readonly attempt: string;
      /** The step's directory, as its program will see it. */
      readonly work?: string;
    }
  | {
      readonly type: 'stage-failed';
      readonly attempt: string;
      readonly message: string;
      /** Staging anew may help: the machine's fault, not the process's. */
      readonly again: boolean;
      /** An image, or a package, is not on the worker any more. */
      readonly imageGone?: boolean;
    }
  /** After a restart of the worker: what was staged there is gone, and its gate was never opened. */
  | { readonly type: 'staging-gone'; readonly attempt: string }
  | { readonly type: 'stage-declined'; readonly attempt: string; readonly reason: string }
  | { readonly type: 'opened'; readonly attempt: string }
  /** The gate stays closed: the late values could not be made. No user code ran, and none will. */
  | {
      readonly type: 'open-refused';
      readonly attempt: string;
      readonly message: string;
      /** Another attempt may do better: a service beside the step did not become healthy. */
      readonly mayPass?: boolean;
    }
  | {
      readonly type: 'ended';
      readonly attempt: string;
      readonly outcome: Outcome;
      readonly resultMessage?: string;
    }
  | {
      readonly type: 'confirmed';
      readonly attempt: string;
      readonly outcome: Outcome;
      /** Its container stays for a person to look into. False once it is gone all the same. */
      readonly held?: boolean;
    }
  | { readonly type: 'discarded'; readonly attempt: string }
  | { readonly type: 'finished'; readonly attempt: string };

export interface InterruptionAnswered {
  readonly type: 'interruption-answered';
  readonly interruption: string;
  readonly answer: Answer;
  readonly notes?: string;
  readonly user?: {
    readonly id: string;
    readonly username: string;
    readonly displayName: string;
    readonly emailAddress?: string;
  };
}
