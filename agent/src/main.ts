import { Failure } from './failure.ts';
import { program } from './commandLine/program.ts';
import { tell } from './commandLine/output.ts';

program()
  .parseAsync(process.argv)
  .catch((error: unknown) => {
    if (error instanceof Failure) {
      tell(error.message);
      tell(error.nextStep);
    } else {
      // Not foreseen: the trace is for whoever reports it.
      tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    process.exitCode = 1;
  });
