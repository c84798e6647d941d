/** Where an attempt can run on this worker. */
import { Invalid } from '@argonaut/contracts';
import type { AttemptSpec } from '@argonaut/contracts/attempt';
import type { AttemptPlace } from './place.ts';

export interface Places {
  readonly host: AttemptPlace;
  /** Absent: this worker has no engine. */
  readonly container: AttemptPlace | undefined;
}

export function placeOf(places: Places, spec: AttemptSpec): AttemptPlace {
  if (spec.place.kind === 'host') return places.host;
  if (places.container) return places.container;
  throw new Invalid(`"${spec.title}" runs in a container, and this worker has no container engine.`);
}
