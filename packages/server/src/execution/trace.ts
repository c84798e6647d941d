/**
 * The W3C trace context that a step finds in `TRACEPARENT`: one trace for a task, one span for each attempt. Both are made
 * from ids that are stored, so they are the same after a restart, and whoever exports spans finds the same ones.
 */
import { createHash } from 'node:crypto';

/** 32 hexadecimal digits. `server` is the installation: tasks of two servers are told apart. */
export function traceOf(server: string, task: string): string {
  return digest(`argonaut trace\0${server}\0${task}`).slice(0, 32);
}

/** 16 hexadecimal digits. */
export function spanOf(attempt: string): string {
  return digest(`argonaut span\0${attempt}`).slice(0, 16);
}

/** Version 00, sampled (https://www.w3.org/TR/trace-context/#traceparent-header). */
export function traceparent(server: string, task: string, attempt: string): string {
  return `00-${traceOf(server, task)}-${spanOf(attempt)}-01`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
