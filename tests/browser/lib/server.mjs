// A real server, set up by `fieldseal admin`, with a reviewer and two officers.
import { join } from 'node:path';
import { builtUi, program } from './stage.mjs';

export const PASSWORD = 'correct horse battery staple';
export const OFFICERS = [
  { name: '周敏', badge: '310106-0417', pin: '135790' },
  { name: '陆一鸣', badge: '310106-0452', pin: '246801' },
];

/** What `fieldseal verify --json` says; not proved (3) is an answer as well. */
export async function verified(stage, words) {
  return JSON.parse(await stage.run(program('fieldseal'), ['verify', '--json', ...words], { codes: [0, 3] }));
}

export class Server {
  #stage;
  #data;
  #running;
  /** Ids of the officers, in order. */
  officers = [];

  /** Serves what a program has left in `data`, with a reviewer of its own. */
  static async over(stage, data) {
    const server = new Server();
    server.#stage = stage;
    server.#data = data;
    await server.admin('add-account', 'chenlan', '--name', '陈岚', '--role', 'reviewer');
    await server.#serve('127.0.0.1:0');
    return server;
  }

  /** Starts one on a free port, the built console in front. */
  static async start(stage) {
    const server = new Server();
    server.#stage = stage;
    server.#data = join(stage.folder('server'), 'data');
    await server.admin('init', '--origin', 'browser.test.fieldseal');
    await server.admin('add-account', 'chenlan', '--name', '陈岚', '--role', 'reviewer');
    for (const { name, badge } of OFFICERS) {
      const { id } = await server.admin('add-person', '--name', name, '--badge', badge, '--team', '江宁路街道');
      server.officers.push(id);
    }
    await server.#serve('127.0.0.1:0');
    return server;
  }

  async #serve(listen) {
    this.#running = this.#stage.start(program('fieldseal'), ['serve', '--data', this.#data, '--listen', listen, '--console', builtUi('console')]);
    this.address = await this.#stage.address(this.#running, 'fieldseal serve');
  }

  /** The server goes away: tablets are offline. */
  leave() {
    return this.#running.stop();
  }

  /** It is there again, at the same address. */
  comeBack() {
    return this.#serve(new URL(this.address).host);
  }

  /** Its data folder. */
  get data() {
    return this.#data;
  }

  get account() {
    return 'chenlan';
  }

  get password() {
    return PASSWORD;
  }

  /** One `fieldseal admin` command beside the running server; gives its JSON. */
  async admin(...words) {
    const out = await this.#stage.run(program('fieldseal'), ['admin', '--data', this.#data, '--json', ...words], { input: `${PASSWORD}\n` });
    return JSON.parse(out);
  }

  /** The text of the QR for a new tablet. */
  async deviceText() {
    return (await this.admin('enrol-code', 'device', '--team', '江宁路街道', '--url', this.address)).text;
  }

  /** A one-time code for an officer's key on one tablet. */
  async officerCode(index) {
    return (await this.admin('enrol-code', 'officer', this.officers[index], '--url', this.address)).code;
  }
}
