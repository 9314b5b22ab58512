// The real binary as a child process: start it on a fresh store and a free port, read the line that says it is ready,
// stop it. Must not be here: anything about browsers or pages.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const READY_SECONDS_MAX = 120;
const STOP_SECONDS_MAX = 20;
const FIELDS = ['base_url', 'ops_url', 'ca_file', 'staff_link', 'team_link', 'practice', 'practitioners', 'data_dir'];

/** Starts `cabinet demo` and answers with what its line of JSON says, and `stop` and `kill`. */
export async function startDemo(binary, options = {}) {
  const folder = options.data ?? (await mkdtemp(join(tmpdir(), 'cabinet-browser-')));
  const args = ['demo', '--data', folder, '--port', String(options.port ?? 0), '--json', ...(options.args ?? [])];
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const complaints = [];
  child.stderr.on('data', (bytes) => {
    complaints.push(bytes.toString());
    if (complaints.length > 200) complaints.shift();
  });
  const ended = once(child, 'exit');
  let demo;
  try {
    demo = await readyLine(child, ended, complaints);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS_MAX * 1000);
    const [code, signal] = await ended;
    clearTimeout(late);
    if (options.data === undefined) await rm(folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`the server ended with ${code ?? signal}:\n${complaints.join('')}`);
  };
  return { demo, stop, kill };
}

/** A fresh one-time sign-in link to the running server of a demo: the one in its line is good once only. */
export async function staffLink(binary, demo) {
  const { stdout } = await promisify(execFile)(binary, ['sign-in-link', '--data', demo.data_dir, '--practice', demo.practice]);
  const link = stdout.split('\n').find((line) => line.startsWith('http'));
  if (link === undefined) throw new Error(`no link in: ${stdout}`);
  return link.trim();
}

/** Adds somebody to the platform's team; the link by which they make their account. */
export async function teamLink(binary, demo, name, role) {
  const { stdout } = await promisify(execFile)(binary, ['team', '--data', demo.data_dir, '--add', name, '--role', role]);
  return stdout.split('\n')[0].trim();
}

async function readyLine(child, ended, complaints) {
  const lines = createInterface({ input: child.stdout });
  const line = new Promise((resolve) => {
    lines.on('line', (text) => {
      if (text.startsWith('{')) resolve(text);
    });
  });
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not ready after ${READY_SECONDS_MAX} s:\n${complaints.join('')}`)),
      READY_SECONDS_MAX * 1000,
    );
  });
  const gone = ended.then(([code, signal]) => {
    throw new Error(`the server ended with ${code ?? signal} before it was ready:\n${complaints.join('')}`);
  });
  try {
    const demo = JSON.parse(await Promise.race([line, late, gone]));
    const missing = FIELDS.filter((field) => demo[field] === undefined);
    if (missing.length > 0) throw new Error(`the demo's line lacks ${missing.join(', ')}`);
    return demo;
  } finally {
    clearTimeout(timer);
  }
}
