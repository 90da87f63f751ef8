export interface Stop {
  /** Settles when the program should end; rejects when it has to because something broke. */
  readonly asked: Promise<void>;
  readonly now: () => void;
  readonly failed: (error: unknown) => void;
}

/** Ends on SIGINT, SIGTERM or SIGHUP, after a time, or when told. A second signal ends at once. */
export function whenAsked(milliseconds?: number): Stop {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      signals += 1;
      // The kernel takes unpinned programs off with the process, so leaving in a hurry leaves nothing behind.
      if (signals > 1) process.exit(1);
      resolve(undefined);
    });
  }
  const timer = milliseconds === undefined ? undefined : setTimeout(() => resolve(undefined), milliseconds);
  // Left running, the timer would keep the program alive after it was interrupted.
  const asked = promise.finally(() => clearTimeout(timer));
  // Whoever awaits it hears of a failure; one that comes earlier must not end the program before.
  asked.catch(() => undefined);
  return { asked, now: () => resolve(undefined), failed: reject };
}
