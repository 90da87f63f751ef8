import type { V1Job, V1Node, V1Pod } from '@kubernetes/client-node';

/** An object of client-node as it travels in JSON: no class, times as RFC 3339 strings. */
type Json<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? Json<U>[]
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T;

export type JobObject = Json<V1Job>;
export type PodObject = Json<V1Pod>;
export type NodeObject = Json<V1Node>;
export type PodSpecObject = NonNullable<PodObject['spec']>;
export type ContainerStatusObject = NonNullable<
  NonNullable<PodObject['status']>['containerStatuses']
>[number];
