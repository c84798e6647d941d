/** One folder of the server as the whole sees it: its routes, and what every new space gets from it. */
import type { RouteTable } from './http/index.ts';
import type { Services } from './services.ts';

export interface Feature {
  readonly name: string;
  readonly routes?: (routes: RouteTable, services: Services) => void;
  /** Runs inside the transaction that makes a space. */
  readonly seedSpace?: (spaceId: string, services: Services) => Promise<void>;
}
