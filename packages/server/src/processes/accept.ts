/**
 * A process as a client writes it, and as it is stored: every step and action gets a GUID and a slug, secrets are
 * sealed, and everything else stays as it came. What the steps mean is not judged here: Octopus saves what it cannot run,
 * and clients rely on it.
 */
import { randomUUID } from 'node:crypto';
import { Conflict, Invalid } from '@argonaut/contracts';
import type {
  DeploymentAction,
  DeploymentStep,
  PackageReferenceResource,
  PropertyValue,
  WritableProcess,
} from '@argonaut/contracts/rest';
import {
  type KeyRing,
  type Place,
  type Sealed,
  type Stored,
  sealSensitive,
  slugOf,
} from '../database/index.ts';
import { fieldsOf } from '../http/index.ts';
import type { Process, StoredAction, StoredPackage, StoredProperties, StoredStep } from './queries.ts';

/**
 * What is stored for this body over `stored`.
 * @throws Conflict when the process was saved by somebody else since it was read; Invalid for names used twice.
 */
export function acceptProcess(keys: KeyRing, body: WritableProcess, stored: Stored<Process>): Process {
  const { document } = stored;
  if (document.FrozenFrom !== undefined) {
    throw new Invalid(
      `${stored.id} is a snapshot and never changes. Change ${document.FrozenFrom} and make a new release or snapshot.`,
    );
  }
  if (body.Version !== document.Version) {
    throw new Conflict(
      `The process ${stored.id} was saved by somebody else meanwhile: it is at version ${document.Version}, this change was made on version ${body.Version}. Read it again and repeat the change.`,
    );
  }
  const steps = body.Steps ?? [];
  refuseDoubles(steps);
  const before = new Map(
    document.Steps.flatMap((step) => [
      [step.Id, step.Properties] as const,
      ...step.Actions.flatMap((action) => [
        [action.Id, action.Properties] as const,
        ...action.Packages.map((reference) => [reference.Id ?? '', reference.Properties] as const),
      ]),
    ]),
  );
  const slugs = new Set<string>();
  const properties = (bag: Bag, owner: string) =>
    acceptProperties(keys, { kind: 'Processes', id: stored.id, field: owner }, bag, before.get(owner));
  return {
    ...withoutWarnings(fieldsOf(body)),
    ProjectId: document.ProjectId,
    ...(document.RunbookId === undefined ? {} : { RunbookId: document.RunbookId }),
    LastSnapshotId: document.LastSnapshotId,
    Version: document.Version + 1,
    Steps: steps.map((step): StoredStep => {
      const id = step.Id || randomUUID();
      const slug = freeSlug(slugs, step.Slug, step.Name);
      const ownSlugs = new Set<string>();
      return {
        ...step,
        Id: id,
        Slug: slug,
        Properties: properties(step.Properties, id),
        Actions: (step.Actions ?? []).map((action): StoredAction => {
          const actionId = action.Id || randomUUID();
          return {
            ...action,
            Id: actionId,
            Slug: freeSlug(ownSlugs, action.Slug, action.Name),
            Properties: properties(action.Properties, actionId),
            Packages: (action.Packages ?? []).map((reference) => acceptPackage(reference, properties)),
          };
        }),
      };
    }),
  };
}

/** Clients send back what they got; the warnings were about an earlier change. */
function withoutWarnings<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'Warnings')) as T;
}

type Bag = DeploymentAction['Properties'];

/** Where a sealed property of a process belongs; a frozen copy keeps the place of the process that it was taken from. */
export function propertyPlace(processId: string, owner: string, key: string): Place {
  return { kind: 'Processes', id: processId, field: `${owner}/${key}` };
}

function acceptPackage(
  reference: PackageReferenceResource,
  properties: (bag: Bag, owner: string) => StoredProperties,
): StoredPackage {
  const id = reference.Id || randomUUID();
  return { ...reference, Id: id, Properties: properties(reference.Properties, id) };
}

function acceptProperties(
  keys: KeyRing,
  owner: Place,
  bag: Bag,
  stored: StoredProperties | undefined,
): StoredProperties {
  const entries = Object.entries(bag ?? {}).flatMap(([key, value]): [string, string | Sealed][] => {
    if (value === null) return [];
    if (typeof value !== 'object') return [[key, asText(value)]];
    const old = stored?.[key];
    const sealed = sealSensitive(
      keys,
      propertyPlace(owner.id, owner.field, key),
      value,
      typeof old === 'object' ? old : undefined,
    );
    return sealed === undefined ? [] : [[key, sealed]];
  });
  return Object.fromEntries(entries);
}

/** As .NET writes them: `True`, `False`. */
function asText(value: Exclude<PropertyValue, object> | boolean | number): string {
  return value === true ? 'True' : value === false ? 'False' : String(value);
}

/** The one that was asked for if it is free, else one made from the name, with a number if need be. */
function freeSlug(taken: Set<string>, wished: string | undefined, name: string): string {
  const base = wished || slugOf(name) || 'step';
  let slug = base;
  for (let suffix = 1; taken.has(slug.toLowerCase()); suffix += 1) slug = `${base}-${suffix}`;
  taken.add(slug.toLowerCase());
  return slug;
}

/** Outputs are addressed by step name and exclusions by action id, so both must be unique. */
function refuseDoubles(steps: readonly DeploymentStep[]): void {
  const complaints = [
    ...doubles(steps.map((step) => step.Name)).map((name) => `Two steps are named "${name}".`),
    ...steps.flatMap((step) =>
      doubles((step.Actions ?? []).map((action) => action.Name)).map(
        (name) => `The step "${step.Name}" has two actions named "${name}".`,
      ),
    ),
    ...doubles(steps.map((step) => step.Id ?? '')).map((id) => `Two steps have the id ${id}.`),
    ...doubles(steps.flatMap((step) => step.Actions ?? []).map((action) => action.Id ?? '')).map(
      (id) => `Two actions have the id ${id}.`,
    ),
  ];
  if (complaints.length > 0) throw new Invalid(complaints.join(' '), { errors: complaints });
}

function doubles(texts: readonly string[]): string[] {
  const keys = texts.map((text) => text.toLowerCase());
  return [...new Set(texts.filter((text, index) => text !== '' && keys.indexOf(keys[index] ?? '') < index))];
}
