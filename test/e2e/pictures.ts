/** `node test/e2e/pictures.ts` takes the README's pictures over from the last run of the e2e tests into media/. */
import { copyFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RESULTS } from './screenshots.ts';

const MEDIA = resolve(import.meta.dirname, '../../media');
/** Name in media/ by name in test/results/. */
const PICTURES = {
  'interfaces-dark': 'interfaces',
  'path-dark': 'path',
  'interface-dark': 'interface',
  'comparison-dark': 'comparison',
  'comparison-light': 'comparison-light',
  'interface-light': 'interface-light',
  'consent-dark': 'consent',
  'pod-network-dark': 'pod-network',
} as const;

for (const [from, to] of Object.entries(PICTURES)) {
  const taken = join(RESULTS, `${from}.png`);
  if (!existsSync(taken)) throw new Error(`${taken} is missing: run \`npm test -- e2e\` first`);
  copyFileSync(taken, join(MEDIA, `${to}.png`));
}
