/**
 * Folds a log into Octopus's tree of activities, as `tasks/{id}/details` shows it. Feed it frames in order, also while
 * the task runs; memory is bounded by `tail` lines for each activity, whatever the length of the log.
 */
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
  /** Last lines to keep of each activity. Default 5,000, the most that is kept. */
  readonly tail?: number;
  /** Include `Verbose` lines. Default true. */
  readonly verbose?: boolean;
}

const MAX_TAIL = 5_000;
/** Beyond this an activity's oldest lines go, however few they are. */
const MAX_BYTES = 4 * 1024 * 1024;

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
  bytes = 0;
  readonly lines: Line[] = [];
  readonly assemblers = new Map<string, LineAssembler>();

  constructor(frame: ActivityFrame) {
    this.frame = frame;
  }
}

export class ActivityTree {
  readonly #nodes = new Map<string, Node>();
  readonly #roots: Node[] = [];
  readonly #tail: number;
  readonly #verbose: boolean;

  constructor(options: TreeOptions = {}) {
    this.#tail = Math.max(0, Math.min(options.tail ?? MAX_TAIL, MAX_TAIL));
    this.#verbose = options.verbose ?? true;
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

  /** The tree as it is now. Lines without an end are shown, and go on growing. */
  toElements(): readonly ActivityElement[] {
    return this.#roots.map((root) => this.#element(root));
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
    for (const line of assembler.push(frame)) {
      node.lines.push(line);
      node.bytes += line.text.length;
      while (node.lines.length > this.#tail || (node.bytes > MAX_BYTES && node.lines.length > 1)) {
        node.bytes -= node.lines.shift()?.text.length ?? 0;
        node.dropped += 1;
      }
    }
  }

  #element(node: Node): ActivityElement {
    const children = node.children.map((child) => this.#element(child));
    const warned = node.warned || children.some((child) => child.Status === 'SuccessWithWarning');
    const elements = node.lines.map(element);
    const [first] = node.lines;
    if (node.dropped > 0 && first !== undefined) {
      const MessageText = `${node.dropped} earlier lines are left out here; the raw log has them.`;
      elements.unshift({ ...element(first), Category: 'Gap', MessageText });
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
  return { Category: line.level, OccurredAt: new Date(line.timeMs).toISOString(), MessageText: line.text };
}

function iso(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString();
}
