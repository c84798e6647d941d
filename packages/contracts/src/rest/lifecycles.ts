/** Lifecycles: through which environments a release goes, in phases, and how long things are kept. */
import { type Static, Type } from 'typebox';
import { Name, Nullable, OneOf, Optional, References, Resource, Text, Writable } from './basics.ts';

export const RetentionPeriod = Type.Object(
  {
    Strategy: Optional(OneOf(['Default', 'Forever', 'Count'])),
    Unit: Optional(OneOf(['Days', 'Items'])),
    QuantityToKeep: Optional(Type.Integer({ minimum: 0 })),
    ShouldKeepForever: Optional(Type.Boolean()),
  },
  { title: 'RetentionPeriod' },
);
export type RetentionPeriod = Static<typeof RetentionPeriod>;

export const Phase = Type.Object(
  {
    /** Clients may invent it; it is kept. */
    Id: Optional(Type.String({ default: '' })),
    Name,
    AutomaticDeploymentTargets: Optional(References),
    OptionalDeploymentTargets: Optional(References),
    /** 0 means all of the phase's environments. */
    MinimumEnvironmentsBeforePromotion: Optional(Type.Integer({ minimum: 0, default: 0 })),
    IsOptionalPhase: Optional(Type.Boolean({ default: false })),
    IsPriorityPhase: Optional(Type.Boolean({ default: false })),
    ReleaseRetentionPolicy: Optional(Nullable(RetentionPeriod)),
    TentacleRetentionPolicy: Optional(Nullable(RetentionPeriod)),
  },
  { title: 'Phase' },
);
export type Phase = Static<typeof Phase>;

const keepForever = { Strategy: 'Default', Unit: 'Items', QuantityToKeep: 0, ShouldKeepForever: true };

const written = {
  Name,
  Slug: Optional(Type.String({ default: '' })),
  Description: Optional(Text),
  ReleaseRetentionPolicy: Optional(
    Type.Unsafe<RetentionPeriod>({ ...RetentionPeriod, default: keepForever }),
  ),
  TentacleRetentionPolicy: Optional(
    Type.Unsafe<RetentionPeriod>({ ...RetentionPeriod, default: keepForever }),
  ),
  /** None means: every environment, in their order. */
  Phases: Optional(Type.Array(Phase, { default: [] })),
};

export const WritableLifecycle = Writable('WritableLifecycle', written);
export type WritableLifecycle = Static<typeof WritableLifecycle>;

export const LifecycleResource = Resource('Lifecycle', written, { SpaceId: Type.String() });
export type LifecycleResource = Static<typeof LifecycleResource>;
