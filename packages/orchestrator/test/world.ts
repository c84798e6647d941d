/**
 * Everything outside the orchestrator, played by chance: workers that answer in any order, programs that end in any
 * way, people who answer or cancel, machines that disappear, and events that arrive twice. It keeps its own books of
 * what has really happened, and complains when an order contradicts them.
 */
import type { Outcome } from '@argonaut/contracts/attempt';
import {
  advance,
  type Command,
  initialState,
  isRecord,
  type Order,
  type Plan,
  type Scope,
  type TaskEvent,
  type TaskState,
} from '../src/index.ts';
import { noVariables } from './processes.ts';
import type { Random } from './random.ts';

interface Program {
  readonly always: boolean;
  readonly group: number;
  readonly mayBeHeld: boolean;
  life: 'staging' | 'gate' | 'running' | 'over' | 'confirmed' | 'removed' | 'lost';
  outcome?: Outcome;
  /** Its container stays after its failure. */
  held?: boolean;
  cancelled: boolean;
}

export class World {
  readonly plan: Plan;
  readonly events: TaskEvent[] = [];
  readonly commands: Command[] = [];
  state: TaskState;
  readonly #random: Random;
  readonly #scope: Scope;
  readonly #ids = new Set<string>();
  readonly #orders = new Map<string, Order>();
  readonly #programs = new Map<string, Program>();
  readonly #leases = new Set<string>();
  readonly #timers = new Set<string>();
  readonly #questions = new Map<string, Extract<Command, { kind: 'ask' }>>();
  #cancels = 0;
  #completed = false;

  constructor(plan: Plan, random: Random, scope: Scope = noVariables) {
    this.plan = plan;
    this.#random = random;
    this.#scope = scope;
    this.state = initialState(plan);
  }

  get completed(): boolean {
    return this.#completed;
  }

  /** Delivers an event and enters what follows into the books. */
  deliver(event: TaskEvent): void {
    this.events.push(event);
    const stored = JSON.stringify(this.state);
    const first = advance(this.plan, JSON.parse(stored), event, this.#scope);
    const again = advance(this.plan, this.state, event, this.#scope);
    same(JSON.stringify(again), JSON.stringify(first), 'advance must depend on its arguments only');
    same(JSON.stringify(this.state), stored, 'advance must not change the state it was given');
    this.state = JSON.parse(JSON.stringify(first.state));
    for (const command of first.commands) this.#enter(command);

    const repeated = advance(this.plan, this.state, event, this.#scope);
    same(JSON.stringify(repeated.commands), '[]', `${event.type} arriving twice must order nothing`);
    same(
      JSON.stringify(repeated.state),
      JSON.stringify(this.state),
      `${event.type} arriving twice must change nothing`,
    );
  }

  /** One thing happens; `trouble` decides how unkind the world is. False when nothing can happen any more. */
  tick(trouble: number): boolean {
    const random = this.#random;
    if (random.chance(trouble * 0.03)) return this.#cancel();
    if (random.chance(trouble * 0.02) && this.#loseWorker()) return true;
    if (random.chance(trouble * 0.15) && this.events.length > 0) {
      this.deliver(random.pick(this.events));
      return true;
    }
    const moves: (() => void)[] = [];
    for (const order of this.#answerable()) moves.push(() => this.#answer(order, trouble));
    for (const [id, program] of this.#programs) {
      if (program.life === 'running' && !this.#isPending(`open:${id}`))
        moves.push(() => this.#end(id, program, trouble));
      if (program.life === 'over') moves.push(() => this.#confirm(id, program, trouble));
      if (program.held === true && random.chance(trouble * 0.3)) moves.push(() => this.#endHeld(id, program));
    }
    for (const timer of this.#timers) moves.push(() => this.#fire(timer));
    for (const question of this.#questions.values()) moves.push(() => this.#reply(question));
    if (moves.length === 0) return false;
    random.pick(moves)();
    return true;
  }

  /** What must hold when the task is over. */
  checkEnd(): void {
    const left = [...this.#programs].filter(
      ([, program]) => program.life !== 'removed' && program.life !== 'lost',
    );
    same(left.map(([id, program]) => `${id} ${program.life}`).join(), '', 'nothing may be left on a worker');
    for (const order of [...this.#orders.values()]) this.#answer(order, 0);
    same([...this.#leases].join(), '', 'every lease must be given back');
    same([...this.#questions.keys()].join(), '', 'no question may stay open');
    same(this.commands.at(-1)?.kind, 'complete', 'the last command of a history completes it');
    const before = JSON.stringify(this.state);
    for (const event of this.events) {
      const late = advance(this.plan, this.state, event, this.#scope);
      same(
        JSON.stringify(late.state) + late.commands.length,
        `${before}0`,
        'a late event must change nothing',
      );
    }
  }

  #enter(command: Command): void {
    this.commands.push(command);
    if (this.#completed) throw new Error(`${command.kind} after the task was completed`);
    if (this.#ids.has(command.id)) throw new Error(`${command.id} was ordered twice`);
    this.#ids.add(command.id);
    if (!isRecord(command)) {
      this.#checkOrder(command);
      this.#orders.set(command.id, command);
    } else if (command.kind === 'timer') this.#timers.add(command.timer);
    else if (command.kind === 'ask') this.#questions.set(command.interruption, command);
    else if (command.kind === 'withdraw') this.#questions.delete(command.interruption);
    else if (command.kind === 'complete') this.#completed = true;
  }

  #checkOrder(order: Order): void {
    if (order.kind === 'stage') {
      const planned = this.plan.steps.find((step) =>
        step.actions.some(({ key }) => order.attempt.includes(`-s${key}-a`)),
      );
      this.#programs.set(order.attempt, {
        always: planned?.condition.kind === 'Always',
        group: planned?.group ?? -1,
        mayBeHeld: order.staging.holdOnFailureMs > 0,
        life: 'staging',
        cancelled: false,
      });
    }
    if (order.kind === 'open') {
      const program = this.#program(order.attempt);
      same(program.life, 'gate', `${order.attempt} must be staged when it is opened`);
      program.life = 'running';
      if (this.#cancels > 0 && !program.always)
        throw new Error(`${order.attempt} was opened after the cancel`);
      if (this.#cancels > 1) throw new Error(`${order.attempt} was opened after the second cancel`);
      for (const [id, other] of this.#programs) {
        if (other.life === 'running' && other.group !== program.group) {
          throw new Error(`${order.attempt} was opened while ${id} of another group was running`);
        }
      }
    }
    if (order.kind === 'discard') {
      same(
        this.#program(order.attempt).life,
        'gate',
        `${order.attempt} must be at its gate when it is discarded`,
      );
    }
    if (order.kind === 'finish') {
      same(
        this.#program(order.attempt).life,
        'confirmed',
        `${order.attempt} must be confirmed when it is finished`,
      );
    }
    if (order.kind === 'release-hold') {
      const program = this.#program(order.attempt);
      same(program.life, 'confirmed', `${order.attempt} must have ended when it is let go of`);
      program.held = false;
    }
    if (order.kind === 'finish' && this.#program(order.attempt).held === true)
      throw new Error(`${order.attempt} was finished while it was held`);
    if (order.kind === 'cancel') this.#program(order.attempt).cancelled = true;
  }

  /** Orders of one attempt are carried out one after the other. */
  #answerable(): Order[] {
    const seen = new Set<string>();
    return [...this.#orders.values()].filter((order) => {
      if (!('attempt' in order)) return true;
      const first = !seen.has(order.attempt);
      seen.add(order.attempt);
      return first;
    });
  }

  #answer(order: Order, trouble: number): void {
    const event = this.#carryOut(order, trouble);
    if (event !== undefined) this.deliver(event);
  }

  #carryOut(order: Order, trouble: number): TaskEvent | undefined {
    this.#orders.delete(order.id);
    const random = this.#random;
    const fails = random.chance(trouble * 0.2);
    switch (order.kind) {
      case 'lease': {
        const { pool, generation } = order;
        if (fails) return { type: 'lease-failed', pool, generation, message: 'No healthy worker.' };
        this.#leases.add(`${pool}:${generation}`);
        const worker = `Workers-${generation}`;
        return { type: 'leased', pool, generation, worker, workerName: worker };
      }
      case 'release-lease':
        // Whoever carries out orders never takes a lease that has been given back.
        this.#orders.delete(`lease:${order.pool}:${order.generation}`);
        this.#leases.delete(`${order.pool}:${order.generation}`);
        return undefined;
      case 'abandon':
        this.#orders.delete(order.order);
        return undefined;
      case 'acquire': {
        const { image, acquisition, reference } = order;
        if (fails) return { type: 'acquire-failed', image, acquisition, message: 'No such image.' };
        const acquired = { reference, local: `local/${reference}`, os: 'linux', architecture: 'amd64' };
        return { type: 'acquired', image, acquisition, acquired };
      }
      case 'acquire-package': {
        const { package: key, acquisition, packageId, version, extract } = order;
        if (fails)
          return { type: 'package-acquire-failed', package: key, acquisition, message: 'No such package.' };
        const acquired = { packageId, version, extension: '.zip', sha256: '0'.repeat(64), extract };
        return { type: 'package-acquired', package: key, acquisition, acquired };
      }
      case 'stage': {
        const program = this.#program(order.attempt);
        if (fails) {
          program.life = 'removed';
          if (order.ahead && random.chance(0.5)) {
            return {
              type: 'stage-declined',
              attempt: order.attempt,
              reason: 'Memory is short.',
            };
          }
          const again = random.chance(0.5);
          const imageGone = random.chance(0.5);
          return {
            type: 'stage-failed',
            attempt: order.attempt,
            message: 'No.',
            again,
            imageGone,
          };
        }
        program.life = 'gate';
        return { type: 'staged', attempt: order.attempt };
      }
      case 'open':
        if (fails) {
          this.#program(order.attempt).life = 'gate';
          return {
            type: 'open-refused',
            attempt: order.attempt,
            message: 'A variable is missing.',
          };
        }
        if (random.chance(0.9)) return { type: 'opened', attempt: order.attempt };
        this.#end(order.attempt, this.#program(order.attempt), trouble);
        return undefined;
      case 'discard':
        this.#program(order.attempt).life = 'removed';
        return { type: 'discarded', attempt: order.attempt };
      case 'finish':
        this.#program(order.attempt).life = 'removed';
        return { type: 'finished', attempt: order.attempt };
      default:
        return undefined;
    }
  }

  #end(attempt: string, program: Program, trouble: number): void {
    if (program.life !== 'running') return;
    program.life = 'over';
    program.outcome = this.#outcome(program, trouble);
    this.deliver({ type: 'ended', attempt, outcome: program.outcome });
  }

  #confirm(attempt: string, program: Program, trouble: number): void {
    program.life = 'confirmed';
    const disagrees = this.#random.chance(trouble * 0.1);
    const outcome: Outcome = disagrees
      ? { result: 'Failed', cause: 'disagreement', message: 'The engine says 1.', infrastructure: true }
      : (program.outcome ?? this.#outcome(program, 0));
    const failed = outcome.result !== 'Succeeded' && outcome.result !== 'Unknown';
    const held = program.mayBeHeld && failed && !program.cancelled && this.#random.chance(0.8);
    program.held = held;
    this.deliver({ type: 'confirmed', attempt, outcome, ...(held ? { held } : {}) });
  }

  /** It was held, and its container ended all the same. */
  #endHeld(attempt: string, program: Program): void {
    program.held = false;
    this.deliver({ type: 'confirmed', attempt, outcome: program.outcome ?? this.#outcome(program, 0) });
  }

  #outcome(program: Program, trouble: number): Outcome {
    if (program.cancelled && this.#random.chance(0.8)) {
      return { result: 'Cancelled', cause: 'cancelled', message: 'Ended by TERM.', infrastructure: false };
    }
    if (!this.#random.chance(trouble * 0.4)) {
      return { result: 'Succeeded', cause: 'exited', message: '', infrastructure: false, exitCode: 0 };
    }
    return this.#random.pick<Outcome>([
      { result: 'Failed', cause: 'exited', message: 'Exit code 3.', infrastructure: false, exitCode: 3 },
      { result: 'TimedOut', cause: 'timed-out', message: 'Too slow.', infrastructure: false },
      { result: 'NotStarted', cause: 'not-started', message: 'Gate closed.', infrastructure: true },
      { result: 'NotStarted', cause: 'program-not-runnable', message: 'No program.', infrastructure: false },
      { result: 'Unknown', cause: 'unknown', message: 'No trace.', infrastructure: true },
      { result: 'Cancelled', cause: 'signalled', message: 'Somebody sent TERM.', infrastructure: false },
    ]);
  }

  #fire(timer: string): void {
    this.#timers.delete(timer);
    if (timer.startsWith('budget')) this.#cancels = 2;
    this.deliver({ type: 'timer-fired', timer });
  }

  #reply(question: Extract<Command, { kind: 'ask' }>): void {
    this.#questions.delete(question.interruption);
    const answer = this.#random.pick(question.choices);
    this.deliver({ type: 'interruption-answered', interruption: question.interruption, answer });
  }

  #cancel(): boolean {
    if (this.#cancels >= 2) return true;
    this.#cancels += 1;
    this.deliver({ type: 'cancel-requested', request: `cancel-${this.#cancels}` });
    return true;
  }

  #loseWorker(): boolean {
    const held = Object.values(this.state.leases).filter((lease) => lease.status === 'held');
    if (held.length === 0) return false;
    const { pool, generation } = this.#random.pick(held);
    for (const [id, order] of this.#orders) {
      if ('generation' in order && order.pool === pool && order.generation === generation) {
        if (order.kind !== 'release-lease') this.#orders.delete(id);
      }
    }
    for (const [id, program] of this.#programs) {
      const attempt = this.state.attempts[id];
      if (attempt?.pool !== pool || attempt.generation !== generation) continue;
      if (program.life !== 'removed') program.life = 'lost';
      program.held = false;
    }
    this.deliver({ type: 'worker-lost', pool, generation, message: 'The worker does not answer.' });
    return true;
  }

  #isPending(id: string): boolean {
    return this.#orders.has(id);
  }

  #program(attempt: string): Program {
    const program = this.#programs.get(attempt);
    if (program === undefined) throw new Error(`${attempt} was never staged`);
    return program;
  }
}

function same(actual: unknown, expected: unknown, rule: string): void {
  if (actual !== expected) throw new Error(`${rule}: expected ${String(expected)}, found ${String(actual)}`);
}
