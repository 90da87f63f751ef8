/** `run.mjs` under the project's own Node: dispatches to set-up, tests and demo. */
import { runDemo } from './demo.ts';
import { PARTS } from './setup/parts.ts';
import type { Part } from './setup/parts.ts';
import { setUp } from './setup/setUp.ts';
import { SetupError } from './setup/step.ts';
import { SHAPES_STAGE, STAGES } from './test/stages.ts';
import { runTests } from './test/runTests.ts';

const USAGE = `usage: npm run setup [-- ${PARTS.join('|')}]...
       npm run test:shapes
       npm test [-- ${STAGES.map(({ name }) => name).join('|')}]...
       npm run demo [-- --cluster | --kubeconfig FILE]`;

function chosen<T extends string>(words: readonly string[], names: readonly T[]): T[] {
  const unknown = words.find((word) => !(names as readonly string[]).includes(word));
  if (unknown !== undefined) throw new SetupError(`"${unknown}" is none of ${names.join(', ')}\n${USAGE}`);
  return names.filter((name) => words.length === 0 || words.includes(name));
}

async function main(command: string, words: readonly string[]): Promise<number> {
  switch (command) {
    case 'setup':
      await setUp(chosen<Part>(words, PARTS));
      return 0;
    case 'test': {
      const names = chosen(
        words,
        STAGES.map(({ name }) => name),
      );
      return await runTests(STAGES.filter(({ name }) => names.includes(name)));
    }
    case 'shapes':
      return await runTests([SHAPES_STAGE]);
    case 'demo':
      return await runDemo(words);
    default:
      console.error(USAGE);
      return 2;
  }
}

try {
  const [command = '', ...words] = process.argv.slice(2);
  process.exitCode = await main(command, words);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
