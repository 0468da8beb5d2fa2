// What the window needs around it: a screen (Xvfb), a WebDriver, free ports, folders of its own. Everything that is
// started is ended again, whatever the test comes to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { until } from './webdriver.mjs';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILT = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug');

/** A program that the workspace builds. */
export function program(name) {
  const path = join(BUILT, name);
  if (!existsSync(path)) throw new Error(`${name} is not built: run ./x test build`);
  return path;
}

/** Chapters of one story, each a test. When one fails, the picture of the moment is kept and what the window said is told;
 *  those after it can't go on from there and fail at once. */
export function chapters(tablet) {
  let broken;
  return (name, tell) =>
    test(name, async () => {
      if (broken) throw new Error(`not tried: '${broken}' failed`);
      try {
        await tell();
      } catch (problem) {
        broken = name;
        await tablet()
          ?.keep('FAILED')
          .catch(() => {});
        console.error(tablet()?.said());
        throw problem;
      }
    });
}

/** Folders and processes of one test. */
export class Stage {
  #ends = [];
  #display;

  /** An own empty folder. */
  folder(name) {
    const path = mkdtempSync(join(tmpdir(), `fieldseal-${name}-`));
    this.#ends.push(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  /** Starts a program that ends with the test, and with it all that it has started itself. What it says is kept, for
   *  when something fails. */
  start(command, args, options = {}) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options });
    const said = [];
    for (const stream of child.stdio.slice(1)) stream.on('data', (part) => said.push(part));
    child.said = () => Buffer.concat(said).toString();
    child.ended = once(child, 'exit').catch(() => {});
    this.#ends.push(() => this.stop(child));
    return child;
  }

  /** Ends a program and all that it has started. */
  async stop(child) {
    signal(child, 'SIGTERM');
    const slow = setTimeout(() => signal(child, 'SIGKILL'), 5000);
    await child.ended;
    clearTimeout(slow);
    signal(child, 'SIGKILL');
    for (const stream of child.stdio.slice(1)) stream.destroy();
  }

  /** A screen of its own. */
  async display() {
    if (!this.#display) {
      const xvfb = this.start('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1280x24', '-nolisten', 'tcp'], {
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      });
      const number = await until('Xvfb to be there', () => /^(\d+)$/m.exec(xvfb.said())?.[1]);
      this.#display = `:${number}`;
    }
    return this.#display;
  }

  /** A WebDriver for windows that keep their data under `dataHome`. Gives its address. */
  async driver(dataHome, environment = {}) {
    const [port, nativePort] = [await freePort(), await freePort()];
    const driver = this.start(tauriDriver(), ['--port', String(port), '--native-port', String(nativePort)], {
      env: {
        ...process.env,
        DISPLAY: await this.display(),
        XDG_DATA_HOME: dataHome,
        GDK_BACKEND: 'x11',
        NO_AT_BRIDGE: '1',
        LANG: 'C.UTF-8',
        ...environment,
      },
    });
    driver.address = `http://127.0.0.1:${port}`;
    await until('tauri-driver to listen', async () => {
      if (driver.exitCode !== null) throw new Error(`tauri-driver ended: ${driver.said()}`);
      return fetch(`${driver.address}/status`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
    return driver;
  }

  /** Ends everything, last started first. */
  async end() {
    for (const end of this.#ends.reverse()) await end();
    this.#ends = [];
  }
}

/** To a program and all that it has started. */
function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // The last of them has gone.
  }
}

/** Ends the running `application` of that data folder at once, as a power cut would. */
export async function killed(application, dataHome) {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const ours = processes.filter((pid) => isRunning(pid, application, dataHome));
  if (ours.length !== 1) throw new Error(`${ours.length} windows are running, not one`);
  process.kill(Number(ours[0]), 'SIGKILL');
  await until('the window to be gone', () => !isRunning(ours[0], application, dataHome));
}

function isRunning(pid, application, dataHome) {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return readlinkSync(`/proc/${pid}/exe`) === application && environment.includes(`XDG_DATA_HOME=${dataHome}`);
  } catch {
    return false;
  }
}

/** A port that nobody listens on just now. */
export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

function tauriDriver() {
  const own = join(ROOT, 'target/tools/bin/tauri-driver');
  if (existsSync(own)) return own;
  const found = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'tauri-driver'));
  return found.find(existsSync) ?? 'tauri-driver';
}
