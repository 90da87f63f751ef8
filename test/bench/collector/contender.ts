/** What is compared at the same hooks. */
export interface Contender {
  /** Kernel ids of its programs on packet hooks. */
  readonly programs: readonly number[];
  /** The process whose CPU and memory are its cost in user space. */
  readonly pid: number;
  /** Seconds after which everything that passed has reached its user space. */
  readonly settle: number;
  /** Ends it in its own way and tells what it counted. */
  finish(): Promise<Counted>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

export interface Counted {
  /** Kernel buffers or packets; the workloads that are compared by it send no larger buffers. */
  readonly packets: number;
  /** Whether each packet counts once (at the client's veth) or at each hook that it passed; null where nothing is counted. */
  readonly at: 'once' | 'each hook' | null;
  /** Packets, or hook runs, that it says it lost; null where it does not say. */
  readonly lost: number | null;
}
