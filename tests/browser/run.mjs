// Runs the browser tests: starts one demo for all of them, hands its addresses over in CABINET_DEMO, stops it, and ends
// with the tests' verdict. Usage: CABINET_BIN=path/to/cabinet node run.mjs [file...]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDemo } from './server.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const binary = process.env.CABINET_BIN;
if (!binary) {
  console.error('CABINET_BIN must name the cabinet binary');
  process.exit(2);
}
const chosen = process.argv.slice(2);
const all = (await readdir(here)).filter((name) => name.endsWith('.test.mjs')).sort();
const files = chosen.length > 0 ? chosen : all.map((name) => join(here, name));

const { demo, stop } = await startDemo(binary);
console.log(`demo at ${demo.base_url}`);
const tests = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], {
  stdio: 'inherit',
  env: { ...process.env, CABINET_DEMO: JSON.stringify(demo) },
});
const [code] = await once(tests, 'exit');
await stop();
process.exit(code ?? 1);
