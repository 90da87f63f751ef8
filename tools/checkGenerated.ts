/** Fails when the committed wire code differs from what the schema generates. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const committed = join(root, 'src/model/wire/generated');
const fresh = mkdtempSync(join(tmpdir(), 'vethscope-generated-'));
try {
  execFileSync('buf', ['generate', '--output', fresh], { cwd: root, stdio: 'inherit' });
  const out = join(fresh, 'src/model/wire/generated');
  const stale = readdirSync(out).filter(
    (file) => readFileSync(join(out, file), 'utf8') !== readFileSync(join(committed, file), 'utf8'),
  );
  if (stale.length > 0) {
    console.error(
      `${stale.join(', ')}: not what the schema generates; run "npm run generate" and commit the result`,
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
