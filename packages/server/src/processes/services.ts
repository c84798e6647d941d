/** `Argonaut.Action.Container.Services`: the containers beside a step, as a JSON array. */
import { type Service, ServiceEntry, serviceComplaints, toService } from '@argonaut/orchestrator';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { PropertyReader } from './properties.ts';

const PROPERTY = 'Argonaut.Action.Container.Services';
const Services = Type.Array(ServiceEntry);

/** Undefined when there are none, or when they cannot be read: then the reader has a complaint. */
export function readServices(properties: PropertyReader, hasImage: boolean): Service[] | undefined {
  const text = properties.text(PROPERTY);
  if (text === undefined || text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!Value.Check(Services, value)) {
    const [first] = Value.Errors(Services, value);
    const where =
      first === undefined ? '' : ` (at ${first.instancePath || 'the beginning'}: ${first.message})`;
    properties.complain(
      `The property ${PROPERTY} must be a JSON array of services, such as [{"name": "db", "image": "postgres:17", "health": {"port": 5432}}]${where}.`,
    );
    return undefined;
  }
  for (const complaint of serviceComplaints(value)) properties.complain(complaint);
  if (value.length > 0 && !hasImage) {
    properties.complain(
      'The step has services, but no image of its own: they share the network of its container. Choose an image for it.',
    );
  }
  return value.length === 0 ? undefined : value.map(toService);
}
