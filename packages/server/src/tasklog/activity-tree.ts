/**
 * Folds a log into Octopus's tree of activities, as `tasks/{id}/details` shows it. Feed it frames in order, also while
 * the task runs; memory is bounded, whatever the length of the log and the number of activities.
 */
import { timestamp } from '@argonaut/contracts/rest';
import type { ActivityStatus } from '@argonaut/orchestrator';
import type { ActivityFrame, LogFrame, TextFrame } from './frames.ts';
import { type Line, LineAssembler } from './lines.ts';

export type FoldedStatus = ActivityStatus | 'SuccessWithWarning';

/** Categories as Octopus names them; `Gap` stands for lines that are left out. */
export interface LogElement {
  readonly Category: Line['level'] | 'Gap';
  readonly OccurredAt: string;
  readonly MessageText: string;
}

export interface ActivityElement {
  readonly Id: string;
  readonly Name: string;
  readonly Status: FoldedStatus;
  readonly Started: string | null;
  readonly Ended: string | null;
  readonly ProgressPercentage: number;
  readonly ProgressMessage: string;
  readonly ShowAtSummaryLevel: boolean;
  readonly Children: readonly ActivityElement[];
  readonly LogElements: readonly LogElement[];
}

export interface TreeOptions {
  /** Include `Verbose` lines. Default true. */
  readonly verbose?: boolean;
}

/** Last lines that are kept of each activity. */
const MAX_TAIL = 5_000;
/** Characters: beyond this an activity's oldest lines go, however few they are. */
const MAX_LENGTH = 4 * 1024 * 1024;
/** Characters: beyond this the longest activity gives half of its lines, so that many long ones are no way around. */
const MAX_TREE_LENGTH = 16 * 1024 * 1024;
/** What a kept line costs besides its characters. */
const LINE_OVERHEAD = 128;

const TERMINAL: ReadonlySet<string> = new Set<ActivityStatus>(['Success', 'Failed', 'Skipped', 'Canceled']);

class Node {
  readonly frame: ActivityFrame;
  readonly children: Node[] = [];
  status: ActivityStatus = 'Pending';
  started: number | undefined;
  ended: number | undefined;
  percentage = 0;
  progress = '';
  warned = false;
  dropped = 0;
  /** Characters of its lines, with their overhead. */
  length = 0;
  readonly lines: Line[] = [];
  readonly assemblers = new Map<string, LineAssembler>();

  constructor(frame: ActivityFrame) {
    this.frame = frame;
  }

  add(line: Line): void {
    this.lines.push(line);
    this.length += line.text.length + LINE_OVERHEAD;
    while (this.lines.length > MAX_TAIL || (this.length > MAX_LENGTH && this.lines.length > 1))
      this.dropOldest();
  }

  dropOldest(): void {
    const line = this.lines.shift();
    if (line === undefined) return;
    this.length -= line.text.length + LINE_OVERHEAD;
    this.dropped += 1;
  }
}

export class ActivityTree {
  readonly #nodes = new Map<string, Node>();
  readonly #roots: Node[] = [];
  readonly #verbose: boolean;
  #length = 0;

  constructor(options: TreeOptions = {}) {
    this.#verbose = options.verbose ?? true;
  }

  /** About how many characters it holds: what it costs to keep it. */
  get length(): number {
    return this.#length;
  }

  push(frame: LogFrame): void {
    if (frame.type === 'activity') {
      this.#declare(frame);
      return;
    }
    const node = this.#nodes.get(frame.activity);
    if (node === undefined) return;
    if (frame.type === 'status') {
      node.status = frame.status;
      if (frame.status === 'Running') node.started ??= frame.timeMs;
      if (TERMINAL.has(frame.status)) node.ended = frame.timeMs;
    } else if (frame.type === 'progress') {
      node.percentage = frame.percentage;
      node.progress = frame.message;
    } else if (frame.type === 'text') {
      this.#text(node, frame);
    }
  }

  /**
   * The tree as it is now. Lines without an end are shown, and go on growing.
   * @param tail last lines to show of each activity; default and most are those that are kept, 5,000
   */
  toElements(tail = MAX_TAIL): readonly ActivityElement[] {
    return this.#roots.map((root) => this.#element(root, Math.max(0, tail)));
  }

  /** True when anything warned or failed, anywhere. */
  hasWarningsOrErrors(): boolean {
    return [...this.#nodes.values()].some((node) => node.warned || node.status === 'Failed');
  }

  #declare(frame: ActivityFrame): void {
    if (this.#nodes.has(frame.activity)) return;
    const node = new Node(frame);
    this.#nodes.set(frame.activity, node);
    const parent = this.#nodes.get(frame.parent);
    (parent?.children ?? this.#roots).push(node);
  }

  #text(node: Node, frame: TextFrame): void {
    if (frame.level === 'Warning' || frame.level === 'Error') node.warned = true;
    if (frame.level === 'Verbose' && !this.#verbose) return;
    let assembler = node.assemblers.get(frame.source);
    if (assembler === undefined) {
      assembler = new LineAssembler();
      node.assemblers.set(frame.source, assembler);
    }
    const before = node.length;
    for (const line of assembler.push(frame)) node.add(line);
    this.#length += node.length - before;
    if (this.#length > MAX_TREE_LENGTH) this.#halveTheLongest();
  }

  #halveTheLongest(): void {
    let longest: Node | undefined;
    for (const node of this.#nodes.values()) {
      if (longest === undefined || node.length > longest.length) longest = node;
    }
    if (longest === undefined) return;
    const before = longest.length;
    while (longest.length > before / 2) longest.dropOldest();
    this.#length += longest.length - before;
  }

  #element(node: Node, tail: number): ActivityElement {
    const children = node.children.map((child) => this.#element(child, tail));
    const warned = node.warned || children.some((child) => child.Status === 'SuccessWithWarning');
    const from = Math.max(0, node.lines.length - tail);
    const elements = node.lines.slice(from).map(element);
    const [first] = elements;
    if (node.dropped + from > 0 && first !== undefined) {
      const MessageText = `${node.dropped + from} earlier lines are left out here; the raw log has them.`;
      elements.unshift({ ...first, Category: 'Gap', MessageText });
    }
    for (const assembler of node.assemblers.values()) {
      const open = assembler.peek();
      if (open !== undefined) elements.push(element(open));
    }
    return {
      Id: node.frame.activity,
      Name: node.frame.name,
      Status: node.status === 'Success' && warned ? 'SuccessWithWarning' : node.status,
      Started: iso(node.started),
      Ended: iso(node.ended),
      ProgressPercentage: TERMINAL.has(node.status) ? 100 : node.percentage,
      ProgressMessage: node.progress,
      ShowAtSummaryLevel: node.frame.kind === 'step',
      Children: children,
      LogElements: elements,
    };
  }
}

function element(line: Line): LogElement {
  return { Category: line.level, OccurredAt: timestamp(new Date(line.timeMs)), MessageText: line.text };
}

function iso(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : timestamp(new Date(timeMs));
}
