// The few WebDriver calls that the window test needs, over fetch. https://www.w3.org/TR/webdriver2/
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const PATIENCE_MS = 30_000;
const SETTLE_MS = 350;
const ANSWER_MS = 120_000;

/** A window under a driver. */
export class Window {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** Starts `application` and waits until its window is there. */
  static async open(driver, application, args = []) {
    const capabilities = { alwaysMatch: { browserName: 'wry', 'tauri:options': { application, args } } };
    const { sessionId } = await request(`${driver}/session`, 'POST', { capabilities }).catch((problem) => {
      const hint = 'only a window built with the feature window-test can be driven: run ./x test build window';
      throw new Error(`${problem.message} (${hint})`, { cause: problem });
    });
    return new Window(`${driver}/session/${sessionId}`);
  }

  close() {
    return request(this.#session, 'DELETE');
  }

  /** Runs a script in the page; `return` gives its value. */
  run(script, ...args) {
    return this.#post('execute/sync', { script, args });
  }

  /** The first element for a CSS selector, waited for until it is shown. */
  async find(selector, { patience = PATIENCE_MS } = {}) {
    return until(`${selector} to be there`, () => this.#shown(selector), { patience });
  }

  /** Whether an element is there now. */
  async has(selector) {
    return (await this.#all(selector)).length > 0;
  }

  /** How many elements there are now. */
  async count(selector) {
    return (await this.#all(selector)).length;
  }

  /** Waits until it is there and can be clicked, and clicks it. */
  async click(selector) {
    await until(`${selector} to take a click`, async () => {
      const element = await this.#shown(selector);
      if (!element || !(await this.#get(`element/${element}/enabled`))) return false;
      try {
        await this.#post(`element/${element}/click`, {});
        return true;
      } catch (problem) {
        if (['stale element reference', 'element click intercepted', 'element not interactable'].includes(problem.code)) return false;
        throw problem;
      }
    });
  }

  /** Types into a field, after what is there. */
  async type(selector, text) {
    await this.#post(`element/${await this.find(selector)}/value`, { text });
  }

  /** Chooses files in a file input, which is often not shown. */
  async choose(selector, paths) {
    const [element] = await until(`${selector} to be there`, async () => {
      const all = await this.#all(selector);
      return all.length > 0 && all;
    });
    await this.#post(`element/${element}/value`, { text: paths.join('\n') });
  }

  /** The text of the first element, as shown. */
  async text(selector) {
    return this.#get(`element/${await this.find(selector)}/text`);
  }

  /** An attribute of the first element. */
  async attribute(selector, name) {
    return this.#get(`element/${await this.find(selector)}/attribute/${name}`);
  }

  /** Holds the pointer down on an element. */
  async hold(selector, milliseconds) {
    const origin = { [ELEMENT]: await this.find(selector) };
    const actions = [
      { type: 'pointerMove', origin, x: 0, y: 0 },
      { type: 'pointerDown', button: 0 },
      { type: 'pause', duration: milliseconds },
      { type: 'pointerUp', button: 0 },
    ];
    await this.#post('actions', { actions: [{ type: 'pointer', id: 'finger', actions }] });
  }

  /** The window's own size, decorations included. */
  resize(width, height) {
    return this.#post('window/rect', { width, height });
  }

  /** Keeps a picture of the page, once movements have come to rest. */
  async picture(file) {
    await pause(SETTLE_MS);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(await this.#get('screenshot'), 'base64'));
  }

  async #all(selector) {
    const found = await this.#post('elements', { using: 'css selector', value: selector });
    return found.map((element) => element[ELEMENT]);
  }

  async #shown(selector) {
    for (const element of await this.#all(selector)) {
      try {
        if (await this.#get(`element/${element}/displayed`)) return element;
      } catch (problem) {
        if (problem.code !== 'stale element reference') throw problem;
      }
    }
    return undefined;
  }

  #get(path) {
    return request(`${this.#session}/${path}`, 'GET');
  }

  #post(path, body) {
    return request(`${this.#session}/${path}`, 'POST', body);
  }
}

/** Asks until the answer is truthy, and gives that answer. */
export async function until(what, ask, { patience = PATIENCE_MS, every = 100 } = {}) {
  const end = Date.now() + patience;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${patience / 1000} s for ${what}`);
    await pause(every);
  }
}

async function request(url, method, body) {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    // A window that answers no more fails the test, it does not hold it up for ever.
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const { value } = await answer.json();
  if (!answer.ok) {
    throw Object.assign(new Error(`${value?.error}: ${value?.message}`), { code: value?.error });
  }
  return value;
}
