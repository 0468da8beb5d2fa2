// What a browser test needs around it: the workspace's programs, folders of its own, an end for everything started.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILT = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), process.env.FIELDSEAL_PROFILE ?? 'debug');
const PATIENCE_MS = 60_000;

/** A program that the workspace builds. */
export function program(name) {
  const path = join(BUILT, name);
  if (!existsSync(path)) throw new Error(`${name} is not built: cargo build --bin ${name}`);
  return path;
}

/** A built part of the screens: `console` or `tablet`. */
export function builtUi(name) {
  const path = join(ROOT, 'ui', name, 'dist');
  if (!existsSync(join(path, 'index.html'))) throw new Error(`ui/${name} is not built: npm --prefix ui run build`);
  return path;
}

/** Where screenshots are left to be looked at; ignored by git. */
export function screens(name) {
  const path = join(ROOT, 'out', 'screens', name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Asks again until `ask` answers with something, or says what never came. */
export async function until(what, ask, patience = PATIENCE_MS) {
  const deadline = Date.now() + patience;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Stage {
  #ends = [];

  /** Something to be done at the end, last first. */
  atEnd(act) {
    this.#ends.push(act);
  }

  folder(name) {
    const path = mkdtempSync(join(tmpdir(), `fieldseal-${name}-`));
    this.atEnd(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
    return path;
  }

  /** Starts a program that ends with the test; what it says is kept in `said()`. */
  start(command, args, options = {}) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => said.push(part));
    child.said = () => Buffer.concat(said).toString();
    const ended = once(child, 'close').catch(() => undefined);
    /** Asks it to end, and waits until it has. */
    child.stop = async () => {
      child.kill('SIGTERM');
      const slow = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(slow);
    };
    this.atEnd(child.stop);
    return child;
  }

  /** Runs a program to its end and gives what it wrote to stdout. `input` goes to its stdin. */
  async run(command, args, { input = '', codes = [0], ...options } = {}) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    const out = [];
    const err = [];
    child.stdout.on('data', (part) => out.push(part));
    child.stderr.on('data', (part) => err.push(part));
    child.stdin.end(input);
    const [code] = await once(child, 'close');
    if (!codes.includes(code)) throw new Error(`${args[0]} ended with ${code}:\n${Buffer.concat(out)}${Buffer.concat(err)}`);
    return Buffer.concat(out).toString();
  }

  /** The address a program prints once it listens. */
  async address(child, name) {
    return until(`${name} to listen`, () => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${child.said()}`);
      return /http:\/\/127\.0\.0\.1:\d+/.exec(child.said())?.[0];
    });
  }

  async end() {
    for (const act of this.#ends.splice(0).reverse()) await act();
  }
}
