/**
 * What the audit trail says about a request that changes something and whose handler says nothing itself: that it was
 * done, and about which documents. So no writing route can be forgotten; a handler that knows better calls `record`.
 */
import type { EventCategory, Happening } from '../events/index.ts';
import { Answer } from './answers.ts';
import type { Route } from './route.ts';

/** Undefined where the route says that there is nothing to tell. */
export function eventOfRequest(
  route: Route,
  parameters: Readonly<Record<string, string>>,
  result: unknown,
): Happening | undefined {
  if (!route.audited) return undefined;
  const answer = result instanceof Answer ? result : new Answer(200, result);
  const body = isObject(answer.body) ? answer.body : {};
  const { space: _, ...named } = parameters;
  const related = [
    ...Object.values(named),
    ...Object.entries(body).flatMap(([field, value]) => (/Id$/.test(field) ? [value] : [])),
  ];
  const subject = [body.Name, body.Version, body.Title, body.Filename, body.Id, ...Object.values(named)].find(
    (candidate) => typeof candidate === 'string' && candidate !== '',
  );
  return {
    category: categoryOf(route, answer.status),
    message: subject === undefined ? route.summary : `${route.summary}: ${subject}`,
    related: related.filter(isDocumentId),
  };
}

function categoryOf({ method }: Route, status: number): EventCategory {
  if (method === 'DELETE') return 'Deleted';
  return status === 201 ? 'Created' : 'Modified';
}

function isDocumentId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z]+(-[A-Za-z]+)*-\d+$/.test(value) && !/^Spaces-/.test(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
