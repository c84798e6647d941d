/** Processes on the wire: the document, with secrets hidden and links. */
import { type Stored, showSensitive } from '../database/index.ts';
import { resourceOf } from '../http/index.ts';
import type { Process, StoredProperties } from './queries.ts';

export function present(stored: Stored<Process>) {
  const { FrozenFrom: _, ...document } = stored.document;
  const space = `/api/${stored.spaceId}`;
  const project = `${space}/projects/${document.ProjectId}`;
  const isRunbook = document.RunbookId !== undefined;
  const self = `${space}/${isRunbook ? 'runbookProcesses' : 'deploymentprocesses'}/${stored.id}`;
  const visible = {
    ...document,
    Steps: document.Steps.map((step) => ({
      ...step,
      Properties: show(step.Properties),
      Actions: step.Actions.map((action) => ({
        ...action,
        Properties: show(action.Properties),
        Packages: action.Packages.map((reference) => ({
          ...reference,
          Properties: show(reference.Properties),
        })),
      })),
    })),
  };
  return resourceOf({ ...stored, document: visible }, self, {
    Project: project,
    ...(isRunbook
      ? { Runbook: `${project}/runbooks/${document.RunbookId}` }
      : { Template: `${project}/deploymentprocesses/template{?channel,releaseId}` }),
  });
}

function show(properties: StoredProperties) {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : showSensitive(value),
    ]),
  );
}
