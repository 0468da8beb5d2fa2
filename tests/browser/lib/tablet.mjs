// A tablet: the real engine behind its loopback host, asked what the screens would ask.
import { picture } from '../../lib/pictures.mjs';
import { OFFICERS } from './server.mjs';
import { builtUi, program, until } from './stage.mjs';

export class Tablet {
  /** Starts the host on an own vault; `ui` serves the built screens too. */
  static async start(stage, { ui = false } = {}) {
    const tablet = new Tablet();
    tablet.words = ['--dir', stage.folder('tablet'), ...(ui ? ['--ui', builtUi('tablet')] : [])];
    await tablet.run(stage, '127.0.0.1:0');
    return tablet;
  }

  /** Runs the host; once more, at the address it had, after it was ended or killed. */
  async run(stage, listen = new URL(this.address).host) {
    this.host = stage.start(program('fieldseal-host'), ['--listen', listen, ...this.words]);
    this.address = await stage.address(this.host, 'fieldseal-host');
  }

  async #post(path, body, type) {
    const answer = await fetch(this.address + path, { method: 'POST', body, headers: { 'content-type': type }, signal: AbortSignal.timeout(60_000) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** One request to the engine: `{ do: 'state' }` and the like. */
  call(request) {
    return this.#post('/call', JSON.stringify(request), 'application/json');
  }

  async enrol(server) {
    await this.call({ do: 'enrol-device', text: await server.deviceText() });
    for (const [index, { pin }] of OFFICERS.entries()) await this.call({ do: 'enrol-officer', code: await server.officerCode(index), pin });
    await this.call({ do: 'on-duty', lead: server.officers[0], second: server.officers[1] });
  }

  /** A packet from shutter to safe. `photos` are `[shot, bytes]`; gives its id. */
  async packet(server, { address, fix, photos, facts = {} }) {
    if (fix) await this.call({ do: 'position', fix: { ...fix, atMs: Date.now(), provider: 'test' } });
    else await this.call({ do: 'no-position', reason: 'unavailable' });
    const { id } = await this.call({ do: 'draft-open', kind: 'illegal-structure', supplements: null });
    for (const [shot, bytes] of photos) {
      const query = new URLSearchParams({ draft: id, source: 'camera', ...(shot ? { shot } : {}) });
      await this.#post(`/capture?${query}`, bytes, 'application/octet-stream');
    }
    await this.call({ do: 'describe', id, facts: { address, ...facts } });
    await this.call({ do: 'party', id, party: { presence: 'refused', name: null, note: 'informed-refused' } });
    for (const [index, { pin }] of OFFICERS.entries()) await this.call({ do: 'sign', id, officer: server.officers[index], pin });
    await this.call({ do: 'seal', id });
    await this.call({ do: 'upload-now', id: null });
    await until('the packet to be safe', async () => (await this.call({ do: 'packet', id })).summary.state === 'safe');
    return id;
  }
}

/** Three packets with photos of every sort: whole, cut off, empty, and of a format that has no preview here. */
export async function packetsOf(stage, server) {
  const tablet = await Tablet.start(stage);
  await tablet.enrol(server);
  const facts = { stage: 'confirmed', stock: 'stock', 'structure-form': 'colour-steel-sheet', storeys: 1, 'area-m2': 15.4, 'area-basis': 'measured', use: 'storage', item_code: 'WJ-0101', note: '业主称早年搭建，未能出示手续。' };
  const roof = { latitude: 31.241302, longitude: 121.448617, accuracyM: 4.2 };
  const shots = ['panorama', 'close-up', 'door-plate', 'dimensions', 'credentials'];
  const heic = Buffer.concat([Buffer.from('0000001c667479706865696300000000', 'hex'), Buffer.alloc(600, 7)]);
  return [
    await tablet.packet(server, { address: '昌平路1086号屋顶', fix: roof, facts, photos: shots.map((shot, at) => [shot, picture(at + 1)]) }),
    await tablet.packet(server, { address: '延平路123弄晒台', fix: { ...roof, accuracyM: 38 }, facts, photos: [['panorama', picture(21)], ['close-up', picture(22)], [null, picture(23).subarray(0, 9000)], [null, Buffer.alloc(0)], [null, heic]] }),
    await tablet.packet(server, { address: '康定路979弄6号502室', photos: [['panorama', picture(31)], ['door-plate', picture(32)]] }),
  ];
}
