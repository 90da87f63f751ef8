/**
 * What Kubernetes knows, cut down to what identity needs. Each object keeps `kubectl -o json` field names, so a file
 * made with kubectl and an object from a watch are read by the same code.
 */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** STATIC_POD_UID of a pod, and no other. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[] | undefined;
}

/** The uid that a static pod has on its node, where the API has another. */
export const STATIC_POD_UID = 'kubernetes.io/config.hash';

export interface Pod {
  readonly kind: 'Pod';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly nodeName?: string | undefined;
    readonly hostNetwork?: boolean | undefined;
    readonly containers: readonly {
      readonly name: string;
      readonly ports?:
        | readonly {
            readonly containerPort: number;
            readonly hostPort?: number | undefined;
            readonly protocol?: string | undefined;
          }[]
        | undefined;
    }[];
  };
  readonly status: {
    readonly phase?: string | undefined;
    readonly podIPs?: readonly { readonly ip: string }[] | undefined;
    readonly hostIP?: string | undefined;
    readonly startTime?: string | undefined;
    /** Of all containers: init and ephemeral ones too. */
    readonly containerStatuses?:
      readonly { readonly name: string; readonly containerID?: string | undefined }[] | undefined;
  };
}

export interface Service {
  readonly kind: 'Service';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly type?: string | undefined;
    readonly clusterIPs?: readonly string[] | undefined;
    readonly externalIPs?: readonly string[] | undefined;
    readonly externalName?: string | undefined;
    readonly selector?: Readonly<Record<string, string>> | undefined;
    readonly ports?:
      | readonly {
          readonly name?: string | undefined;
          readonly port: number;
          readonly targetPort?: number | string | undefined;
          readonly nodePort?: number | undefined;
          readonly protocol?: string | undefined;
        }[]
      | undefined;
  };
  readonly status?:
    | {
        readonly loadBalancer?:
          { readonly ingress?: readonly { readonly ip?: string | undefined }[] | undefined } | undefined;
      }
    | undefined;
}

export interface EndpointSlice {
  readonly kind: 'EndpointSlice';
  readonly metadata: ObjectMeta;
  readonly addressType: string;
  readonly endpoints: readonly {
    readonly addresses: readonly string[];
    readonly targetRef?: { readonly kind: string; readonly uid?: string | undefined } | undefined;
  }[];
  readonly ports?:
    | readonly {
        readonly name?: string | undefined;
        readonly port?: number | undefined;
        readonly protocol?: string | undefined;
      }[]
    | undefined;
}

export interface Node {
  readonly kind: 'Node';
  readonly metadata: ObjectMeta;
  readonly spec: { readonly podCIDRs?: readonly string[] | undefined };
  readonly status: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[] | undefined;
    readonly nodeInfo?:
      | {
          readonly operatingSystem?: string | undefined;
          readonly kernelVersion?: string | undefined;
          readonly architecture?: string | undefined;
        }
      | undefined;
  };
}

export interface Namespace {
  readonly kind: 'Namespace';
  readonly metadata: ObjectMeta;
}

export type InventoryObject = Pod | Service | EndpointSlice | Node | Namespace;
