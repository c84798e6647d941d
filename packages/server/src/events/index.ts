/** Events: the audit trail. Who did what, from where, when, and about which documents; never changed, never removed. */
import type { Feature } from '../feature.ts';
import { eventRoutes } from './routes.ts';

export { CATEGORIES, type EventCategory } from './categories.ts';
export { documentEvent } from './document.ts';
export { type Happening, recordEvent, SERVER_NAME } from './record.ts';

export const events: Feature = { name: 'events', routes: eventRoutes };
