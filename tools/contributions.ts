/**
 * Writes package.json's `contributes` and `activationEvents` from src/contributions.ts. With `--check` it only says
 * whether they are equal, and fails when they are not.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ACTIVATION_EVENTS, contributes } from '../src/contributions.ts';

const path = resolve(import.meta.dirname, '../package.json');
const manifest = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
// As JSON has it: without what is undefined.
const wanted = JSON.parse(
  JSON.stringify({ activationEvents: ACTIVATION_EVENTS, contributes: contributes() }),
) as Record<string, unknown>;
const differing = Object.keys(wanted).filter((key) => !isDeepStrictEqual(manifest[key], wanted[key]));

if (!process.argv.includes('--check')) {
  await writeFile(path, `${JSON.stringify({ ...manifest, ...wanted }, null, 2)}\n`);
} else if (differing.length > 0) {
  console.error(
    `package.json's ${differing.join(' and ')} differ from src/contributions.ts: run \`node tools/contributions.ts\`.`,
  );
  process.exitCode = 1;
}
