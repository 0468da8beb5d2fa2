// One tablet: its data folder, its window, and what an officer does there again and again.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { killed, program, ROOT } from './stage.mjs';
import { until, Window } from './webdriver.mjs';

export const PINS = ['135790', '246801'];
const PICTURES = join(ROOT, 'out/screens/window');

/** A control, and a screen, by the handles in ui/tablet/src/testids.ts. */
export const at = (id) => `[data-testid="${id}"]`;
export const screen = (name) => `[data-screen="${name}"]`;

export class Tablet {
  #driver;
  #story;
  #pictures = 0;
  /** The window, while one is open. */
  window;

  /** A tablet fresh from the box, with its window open. `story` is the first part of its pictures' names; `environment`
   *  is what the app is started with. */
  static async start(stage, story, environment = {}) {
    const tablet = new Tablet();
    tablet.#story = story;
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
