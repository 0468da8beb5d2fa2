// One tablet: its data folder, its window, and what an officer does there again and again.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { killed, program, ROOT } from './stage.mjs';
import { until, Window } from './webdriver.mjs';

export const PINS = ['135790', '246801'];
const SIZES = [
  [390, 844],
  [800, 1280],
  [1280, 800],
];
const PICTURES = join(ROOT, 'out/screens/window');

/** A control, and a screen, by the handles in ui/tablet/src/testids.ts. */
export const at = (id) => `[data-testid="${id}"]`;
export const screen = (name) => `[data-screen="${name}"]`;

export class Tablet {
  #driver;
  #story;
  #stage;
  #pictures = 0;
  /** The window, while one is open. */
  window;

  /** A tablet fresh from the box, with its window open. `story` is the first part of its pictures' names; `environment`
   *  is what the app is started with. */
  static async start(stage, story, environment = {}) {
    const tablet = new Tablet();
    tablet.#story = story;
    tablet.#stage = stage;
    mkdirSync(PICTURES, { recursive: true });
    for (const old of readdirSync(PICTURES).filter((name) => name.startsWith(`${story}-`))) rmSync(join(PICTURES, old));
    tablet.dataHome = stage.folder('tablet');
    tablet.vault = join(tablet.dataHome, 'cn.fieldseal.tablet/vault');
    tablet.#driver = await stage.driver(tablet.dataHome, environment);
    await tablet.open();
    return tablet;
  }

  async open() {
    this.window = await Window.open(this.#driver.address, program('fieldseal-tablet'));
  }

  /** Closes the window and opens it again, the app started with another environment. */
  async reopen(environment) {
    await this.close();
    this.#driver = await this.#stage.driver(this.dataHome, environment);
    await this.open();
  }

  async close() {
    await this.window.close();
  }

  /** As a power cut would. */
  async kill() {
    await killed(program('fieldseal-tablet'), this.dataHome);
    // The driver's session has no window any more.
    await this.window.close().catch(() => {});
  }

  /** Keeps the picture of what is shown now, in the order of the story. */
  async keep(name) {
    this.#pictures += 1;
    const number = String(this.#pictures).padStart(2, '0');
    await this.window.picture(join(PICTURES, `${this.#story}-${number}-${name}.png`));
  }

  /** The picture in both languages, light and dark, on three sizes of tablet. */
  async keepAll(name) {
    for (const language of ['zh', 'en']) {
      for (const theme of ['light', 'dark']) {
        await this.call({ do: 'settings', language, theme });
        const shown = `return document.documentElement.dataset.theme === '${theme}' && document.documentElement.lang.startsWith('${language}')`;
        await until('the screen to take the settings', () => this.window.run(shown));
        for (const [width, height] of SIZES) {
          await this.window.resize(width, height);
          await until(`a window ${width} wide`, () => this.window.run(`return innerWidth === ${width}`));
          await this.keep(`${name}-${language}-${theme}-${width}`);
        }
      }
    }
    await this.call({ do: 'settings', language: 'zh', theme: 'light' });
  }

  /** Asks the engine what a screen would ask. */
  call(request) {
    return this.window.run("return window.__TAURI_INTERNALS__.invoke('call', { request: arguments[0] })", request);
  }

  /** What the window and the driver have said. */
  said() {
    return this.#driver.said();
  }

  async enrol(server) {
    await this.window.find(screen('first-run'));
    await this.keep('first-run');
    await this.window.type(at('enrol-text'), server.deviceCode());
    await this.window.click(at('enrol-check'));
    await this.window.find(at('enrol-preview'));
    await this.keep('enrol-preview');
    await this.window.click(at('enrol-go'));
  }

  async addOfficers(server) {
    for (const [index, pin] of PINS.entries()) {
      await this.window.type(at('officer-code'), server.officerCode(index));
      await this.window.type(at('officer-pin'), pin);
      await this.window.type(at('officer-pin-again'), pin);
      await this.window.click(at('officer-go'));
      await until('the officer to be there', async () => (await this.window.count(at('officer-row'))) === index + 1);
    }
    await this.keep('officers');
    await this.window.click(at('officers-done'));
    await this.window.find(screen('today'));
  }

  /** Both officers sign what is described, and it is sealed and made safe. Gives the packet's id. */
  async sealAndSend() {
    await this.window.click(at('to-seal'));
    await this.window.find(screen('seal'));
    for (const [index, pin] of PINS.entries()) {
      // The second officer's PIN is asked for by itself.
      if (index === 0) await this.window.click(at('sign-0'));
      await this.window.type(at('pin-input'), pin);
      await this.window.click(at('pin-go'));
      await this.window.find(at(`signed-${index}`));
    }
    await this.window.hold(at('seal-hold'), 1300);
    await this.window.find(screen('packet'));
    await this.window.find(`${at('packet-state')}[data-state="safe"]`, { patience: 60_000 });
    const { packets } = await this.call({ do: 'packets', page: 0, filter: null });
    return packets[0].id;
  }

  async unlock(officer, pin = PINS[officer]) {
    await this.window.find(screen('lock'));
    await this.window.click(at(`officer-${officer}`));
    await this.window.type(at('unlock-pin'), pin);
    await this.window.click(at('unlock-go'));
  }

  /** Waits until the engine has acknowledged so many photos of the draft. */
  async photosAre(number) {
    await until(`${number} photos to be stored`, async () => (await this.window.text(at('capture-count'))) === String(number));
  }
}
