/** Command line: prints the machine's state, to compare before up.ts and after down.ts. */
import { machineState } from './machineState.ts';

for (const [section, lines] of Object.entries(await machineState())) {
  console.log([`== ${section}`, ...lines].join('\n'));
}
