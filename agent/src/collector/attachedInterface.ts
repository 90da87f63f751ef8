/** One interface that our programs are attached to, or soon will be. */
export interface AttachedInterface {
  readonly netnsInode: number;
  /** Index of the namespace in flow records. */
  readonly netnsIndex: number;
  readonly ifindex: number;
  /** Number of the interface in flow records. */
  readonly index: number;
  readonly name: string;
  /** ARPHRD_ type. */
  readonly type: number;
}
