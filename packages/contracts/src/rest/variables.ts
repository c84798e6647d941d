/** Variable sets, the variables in them, and library variable sets. */
import { type Static, Type } from 'typebox';
import {
  Dictionary,
  Links,
  Name,
  Nullable,
  NullableText,
  OneOf,
  Optional,
  References,
  Resource,
  SensitiveValue,
  Text,
  Writable,
} from './basics.ts';

/** Types that the product gives a meaning; others are kept as they come. */
export const VARIABLE_TYPES = [
  'String',
  'Sensitive',
  'Certificate',
  'WorkerPool',
  'AmazonWebServicesAccount',
  'AzureAccount',
  'GoogleCloudAccount',
  'UsernamePasswordAccount',
  'GenericOidcAccount',
] as const;

/** What a variable can be scoped to, as the wire spells it: a list of ids each, one of which must fit. */
export const SCOPE_FIELDS = [
  'Environment',
  'Machine',
  'Role',
  'Action',
  'Channel',
  'Tenant',
  'TenantTag',
  'ProcessOwner',
  'Project',
] as const;
export type ScopeField = (typeof SCOPE_FIELDS)[number];

export const VariableScope = Dictionary(References);

/** Asks for the value when something is deployed or run. */
export const VariablePrompt = Type.Object(
  {
    Label: Optional(NullableText),
    Description: Optional(NullableText),
    Required: Optional(Type.Boolean({ default: false })),
    DisplaySettings: Optional(Dictionary(Type.String())),
  },
  { title: 'VariablePrompt' },
);
export type VariablePrompt = Static<typeof VariablePrompt>;

export const Variable = Type.Object(
  {
    Id: Optional(Type.String({ default: '', description: 'Empty for a new one.' })),
    Name: Type.String({ minLength: 1, maxLength: 1000 }),
    /** Null on reading where it is sensitive. Null on writing keeps a sensitive value. */
    Value: Optional(Type.Union([Type.String(), SensitiveValue, Type.Null()], { default: null })),
    Description: Optional(Text),
    Type: Optional(Type.String({ default: 'String' })),
    Scope: Optional(VariableScope),
    IsEditable: Optional(Type.Boolean({ default: true })),
    IsSensitive: Optional(Type.Boolean({ default: false })),
    Prompt: Optional(Type.Union([VariablePrompt, Type.Null()], { default: null })),
  },
  { title: 'Variable' },
);
export type Variable = Static<typeof Variable>;

const NamedId = Type.Object({ Id: Type.String(), Name: Type.String() });

/** What the variables of a set may be scoped to. */
export const ScopeValues = Type.Object(
  {
    Environments: Type.Array(NamedId),
    Machines: Type.Array(NamedId),
    Actions: Type.Array(NamedId),
    Roles: Type.Array(NamedId),
    Channels: Type.Array(NamedId),
    TenantTags: Type.Array(NamedId),
    Processes: Type.Array(
      Type.Object({ Id: Type.String(), Name: Type.String(), ProcessType: Type.String() }),
    ),
  },
  { title: 'ScopeValues' },
);
export type ScopeValues = Static<typeof ScopeValues>;

/** Something that somebody should know about a variable, although it was saved. Never holds a value. */
export const VariableWarning = Type.Object(
  { VariableId: Type.String(), Name: Type.String(), Message: Type.String() },
  { title: 'VariableWarning' },
);
export type VariableWarning = Static<typeof VariableWarning>;

export const WritableVariableSet = Writable('WritableVariableSet', {
  /** The version that the change was made on; absent: whatever is stored is replaced. */
  Version: Optional(Type.Integer()),
  /** All of them: what is not in the list is removed. */
  Variables: Type.Array(Variable),
});
export type WritableVariableSet = Static<typeof WritableVariableSet>;

export const VariableSetResource = Type.Object(
  {
    Id: Type.String(),
    OwnerId: Type.String(),
    SpaceId: Type.String(),
    Version: Type.Integer(),
    Variables: Type.Array(Variable),
    ScopeValues,
    /** Only in the answer to a change. */
    Warnings: Optional(Type.Array(VariableWarning)),
    Links,
  },
  { title: 'VariableSet' },
);
export type VariableSetResource = Static<typeof VariableSetResource>;

const library = {
  Name,
  Description: Optional(Text),
  ContentType: Optional(OneOf(['Variables', 'ScriptModule'], { default: 'Variables' })),
  Templates: Optional(Type.Array(Type.Unknown(), { default: [] })),
};

export const WritableLibraryVariableSet = Writable('WritableLibraryVariableSet', library);
export type WritableLibraryVariableSet = Static<typeof WritableLibraryVariableSet>;

export const LibraryVariableSetResource = Resource('LibraryVariableSet', library, {
  SpaceId: Type.String(),
  VariableSetId: Type.String(),
  Version: Type.Integer(),
});
export type LibraryVariableSetResource = Static<typeof LibraryVariableSetResource>;

/** Where variables are asked for; whatever is absent is not there. Ids, or names where they are unique. */
export const EvaluateQuery = Type.Object({
  project: Optional(Type.String({ description: 'A project; or give `variableSets`.' })),
  variableSets: Optional(
    Type.Array(Type.String({ description: 'Sets or snapshots instead of what the project has now.' })),
  ),
  runbook: Optional(Type.String()),
  environment: Optional(Type.String()),
  channel: Optional(Type.String()),
  tenant: Optional(Type.String()),
  tenantTags: Optional(Type.Array(Type.String())),
  action: Optional(Type.String({ description: 'A step, by the id or name of its action.' })),
  step: Optional(Type.String({ description: 'The same as `action`.' })),
  machine: Optional(Type.String()),
  role: Optional(Type.Array(Type.String())),
  name: Optional(Type.String({ description: 'One variable only.' })),
});
export type EvaluateQuery = Static<typeof EvaluateQuery>;

const Definition = Type.Object({
  VariableId: Type.String(),
  VariableSetId: Type.String(),
  Origin: Type.String(),
  IsSensitive: Type.Boolean(),
  /** As it is written; null where it is sensitive. */
  Value: NullableText,
  Scope: VariableScope,
});

/** One variable in one place: which definition holds, and why the others do not. */
export const EvaluatedVariable = Type.Object(
  {
    Name: Type.String(),
    IsSensitive: Type.Boolean(),
    /** What it comes to, with secrets as asterisks; null where no definition applies or it cannot be worked out. */
    Value: NullableText,
    Error: NullableText,
    Winner: Nullable(Type.Object({ ...Definition.properties, Rank: Type.String() })),
    Losers: Type.Array(Type.Object({ ...Definition.properties, Reason: Type.String() })),
  },
  { title: 'EvaluatedVariable' },
);
export type EvaluatedVariable = Static<typeof EvaluatedVariable>;

export const Evaluation = Type.Object(
  { Variables: Type.Array(EvaluatedVariable), Warnings: Type.Array(Type.String()) },
  { title: 'VariableEvaluation' },
);
export type Evaluation = Static<typeof Evaluation>;
