import type { Evidence } from '../../../src/model/endpoint.ts';
import type { Pod, Service } from '../../../src/model/inventory.ts';
import type { Identity } from './identity.ts';

/** What was said of a pod before. */
interface PodIdentity {
  readonly address: string;
  readonly evidence: readonly Evidence[];
  readonly container: string | null;
  readonly identity: Identity;
}

/** What was said of a Service before. */
interface ServiceIdentity {
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly evidence: readonly Evidence[];
  readonly identity: Identity;
}

/** An object of the inventory, with what was said of it: one that changes is another one. See IdentityCache. */
export interface StoredPod extends Pod {
  identities: PodIdentity[] | null;
}

export interface StoredService extends Service {
  identities: ServiceIdentity[] | null;
}
