/** An error meant for a person: what went wrong and where, and what to do next. Printed without a stack trace. */
export class Failure extends Error {
  /** One sentence: what the person can do. */
  readonly nextStep: string;

  constructor(message: string, nextStep: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Failure';
    this.nextStep = nextStep;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What `work` returns, undefined where it fails with one of these codes of errno; every other failure goes on. */
export function unlessCode<T>(codes: ReadonlySet<string>, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (codes.has(codeOf(error))) return undefined;
    throw error;
  }
}

/** What may go well the next time: a call that was interrupted, or a kernel without memory or time at hand. */
const TRANSIENT = new Set(['EINTR', 'EAGAIN', 'EBUSY', 'ENOBUFS']);

/** Whether the same call may go well the next time. */
export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(codeOf(error));
}

/** errno's name of a system error, for example ENOENT; empty where there is none. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return '';
}
