/**
 * Logs as trees, kept for as long as there is room: who watches a task asks for its tree again and again, and only what
 * was written since the last time is read. What is committed of a log never changes, so a tree that was made once stays
 * right; whoever asks for the same one at the same time shares the reading.
 */
import { ActivityTree, type LogSource, readFrames } from '../tasklog/index.ts';

/** Characters that all kept trees may have together. */
const ROOM = 32 * 1024 * 1024;

interface Folded {
  readonly tree: ActivityTree;
  /** Where the next frame begins. */
  next: number;
  turn: Promise<unknown>;
}

export class FoldedLogs {
  readonly #open: (task: string) => LogSource;
  readonly #room: number;
  /** The one that was asked for last is the last. */
  readonly #known = new Map<string, Folded>();

  /** @param room characters of all trees together; a single tree has its own bound, and is kept if it fits */
  constructor(open: (task: string) => LogSource, room = ROOM) {
    this.#open = open;
    this.#room = room;
  }

  /** The tree of everything that is committed now. It goes on growing with the next call: use it at once. */
  async treeOf(task: string, verbose: boolean): Promise<ActivityTree> {
    const key = `${task} ${verbose}`;
    const folded = this.#known.get(key) ?? {
      tree: new ActivityTree({ verbose }),
      next: 0,
      turn: Promise.resolve(),
    };
    this.#known.delete(key);
    this.#known.set(key, folded);
    const turn = folded.turn.then(() => this.#readOn(task, folded));
    folded.turn = turn;
    try {
      await turn;
    } catch (error) {
      // Half a tree is of no use to anybody.
      if (this.#known.get(key) === folded) this.#known.delete(key);
      throw error;
    }
    this.#makeRoom();
    return folded.tree;
  }

  async #readOn(task: string, folded: Folded): Promise<void> {
    for await (const { frame, next } of readFrames(this.#open(task), folded.next)) {
      folded.tree.push(frame);
      folded.next = next;
    }
  }

  #makeRoom(): void {
    let total = 0;
    for (const { tree } of this.#known.values()) total += tree.length;
    for (const [key, { tree }] of this.#known) {
      if (total <= this.#room) return;
      total -= tree.length;
      this.#known.delete(key);
    }
  }
}
