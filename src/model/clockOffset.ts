/** How far another machine's clock is ahead of ours, as far as a conversation with it tells. */
export interface ClockOffset {
  /** Milliseconds; negative where it is behind. */
  readonly offset: number;
  /** Milliseconds that the offset may be wrong by in either direction: half the round trip that it was measured with. */
  readonly uncertainty: number;
}
