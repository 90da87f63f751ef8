import { spawn } from 'node:child_process';

export interface CommandOptions {
  /** Written to the command's standard input. */
  readonly input?: string;
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command is killed after this many milliseconds. Default 30,000. */
  readonly timeout?: number;
}

/** A command that could not be started, failed or took too long. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** null when a signal ended the command or it never started. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(message: string, exitCode: number | null, stdout: string, stderr: string) {
    super(message);
    this.exitCode = exitCode;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/**
 * Runs a command to its end.
 * @returns its standard output
 * @throws {CommandError} when it cannot be started, exits with another code than 0 or exceeds the time limit
 */
export async function run(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const timeout = options.timeout ?? 30_000;
  const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A command that ends without reading its input closes the pipe; its exit code is what counts.
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  const fail = (what: string, code: number | null) =>
    new CommandError(
      `${file} ${args.join(' ')}: ${what}${stderr && `\n${stderr.trim()}`}`,
      code,
      stdout,
      stderr,
    );
  try {
    return await new Promise<string>((resolve, reject) => {
      child.once('error', (error) => reject(fail(error.message, null)));
      child.once('close', (code, signal) => {
        if (code === 0) resolve(stdout);
        else if (signal === 'SIGKILL') reject(fail(`killed; its time limit is ${timeout} ms`, null));
        else reject(fail(code === null ? `ended by ${String(signal)}` : `exit code ${code}`, code));
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Like {@link run}, but a failing command gives undefined. For what may rightly be absent. */
export async function tryRun(
  file: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<string | undefined> {
  try {
    return await run(file, args, options);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
