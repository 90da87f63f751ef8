export interface HeartbeatTimes {
  /** Seconds without a sign of life before the agent leaves. */
  readonly lost: number;
  /** Seconds to wait for the first client. */
  readonly first: number;
}

/** Notices when nobody is there any more, so that an agent never outlives its session. */
export class Heartbeat {
  readonly #times: HeartbeatTimes;
  readonly #lost: (message: string) => void;
  #timer: NodeJS.Timeout;

  /** @param lost is called once, with one line that says why */
  constructor(times: HeartbeatTimes, lost: (message: string) => void) {
    this.#times = times;
    this.#lost = lost;
    this.#timer = setTimeout(() => lost(`no client came within ${times.first} s`), times.first * 1000);
  }

  beat(): void {
    clearTimeout(this.#timer);
    const { lost } = this.#times;
    this.#timer = setTimeout(() => this.#lost(`no heartbeat for ${lost} s`), lost * 1000);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
