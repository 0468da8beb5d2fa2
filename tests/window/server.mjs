// A real `fieldseal serve` on a port of its own, and a reviewer who talks to it as the console does.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { freePort, program } from './stage.mjs';
import { until } from './webdriver.mjs';

export const OFFICERS = [
  { name: '王建国', badge: '沪执0110023' },
  { name: '李敏', badge: '沪执0110047' },
];
export const TEAM = '新华路街道中队';
const PASSWORD = 'lamplight-over-the-canal';

/** The server, its data folder and its one-time codes. */
export class Server {
  constructor(data, address) {
    this.data = data;
    this.url = `http://${address}`;
  }

  static async start(stage) {
    const data = join(stage.folder('server'), 'data');
    const address = `127.0.0.1:${await freePort()}`;
    const server = new Server(data, address);
    server.admin(['init', '--origin', 'window.test/log']);
    server.admin(['add-account', 'reviewer', '--name', '审核员'], PASSWORD);
    const running = stage.start(program('fieldseal'), ['serve', '--data', data, '--listen', address]);
    await until('the server to be ready', async () => {
      if (running.exitCode !== null) throw new Error(`the server ended: ${running.said()}`);
      return fetch(`${server.url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
    server.stop = () => stage.stop(running);
    return server;
  }

  /** The text of a QR that enrols a tablet. */
  deviceCode() {
    return this.admin(['enrol-code', 'device', '--team', TEAM, '--url', this.url]).text;
  }

  /** A new officer's one-time code, as typed. */
  officerCode(index) {
    const { name, badge } = OFFICERS[index];
    const { id } = this.admin(['add-person', '--name', name, '--badge', badge, '--team', TEAM]);
    return this.admin(['enrol-code', 'officer', id, '--url', this.url]).code;
  }

  /** One `fieldseal admin` command; gives its JSON. */
  admin(words, input = '') {
    const out = execFileSync(program('fieldseal'), ['admin', ...words, '--json', '--data', this.data], { input });
    return JSON.parse(out.toString());
  }
}

/** A reviewer at the console's API. */
export class Reviewer {
  #url;
  #headers;

  static async signIn(server) {
    const reviewer = new Reviewer();
    reviewer.#url = `${server.url}/api/v1`;
    const answer = await fetch(`${reviewer.#url}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ account: 'reviewer', password: PASSWORD }),
    });
    const session = await json(answer);
    const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
    reviewer.#headers = { 'content-type': 'application/json', cookie, 'x-fieldseal-csrf': session.csrf };
    return reviewer;
  }

  /** Ids of the packets that wait for a decision. */
  async openPackets() {
    const { packets } = await this.#ask('GET', 'review/packets?queue=open');
    return packets.map((packet) => packet.id);
  }

  packet(id) {
    return this.#ask('GET', `review/packets/${id}`);
  }

  /** Decides about the bytes that were shown. */
  decide({ summary, packet_digest }, decision, reason) {
    return this.#ask('POST', `review/packets/${summary.id}/decision`, { decision, reason, packet_digest });
  }

  async #ask(method, path, body) {
    const answer = await fetch(`${this.#url}/${path}`, { method, headers: this.#headers, body: body && JSON.stringify(body) });
    return json(answer);
  }
}

async function json(answer) {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
