/** The catalogues: no sentence without a use, none missing for a code of the engine, and the sentences that the design fixes
 *  to the letter. That both languages hold the same: ui/shared/test/catalogues.test.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from '../src/i18n/en.ts';
import { zh } from '../src/i18n/zh.ts';
import { fill } from '@fieldseal/shared/i18n/catalogue.ts';

const here = new URL('..', import.meta.url).pathname;
const crates = join(here, '../../crates');
const keys = Object.keys(zh) as (keyof typeof zh)[];

function sources(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(svelte|ts)$/.test(name) && !name.startsWith('i18n/zh') && !name.startsWith('i18n/en'))
    .map((name) => readFileSync(join(dir, name), 'utf8'));
}

describe('catalogues', () => {
  it('hold no sentence that no screen says', () => {
    const code = sources(join(here, 'src')).join('\n');
    const families = [...code.matchAll(/\b(?:lookup|t)\(`([a-z.-]+)\$\{/g)].map((found) => found[1] ?? '');
    const dynamic = [...families, 'check.'];
    const unused = keys.filter((key) => !code.includes(`'${key}'`) && !dynamic.some((family) => key.startsWith(family)));
    expect(unused).toEqual([]);
  });
});

describe('codes of the engine', () => {
  const read = (path: string): string => readFileSync(join(crates, path), 'utf8');
  const has = (key: string): boolean => Object.hasOwn(zh, key);

  it('each cause of a waiting or wedged upload has a sentence', () => {
    const codes = [...read('sync/src/job.rs').matchAll(/=> "([a-z-]+)"/g)].map((found) => found[1] ?? '');
    expect(codes).toContain('key-unknown');
    expect(codes.filter((code) => !has(`cause.${code}`))).toEqual([]);
  });
  it('each event of the custody log has a sentence', () => {
    const body = /pub enum Event \{([\s\S]*?)\n\}/.exec(read('packet/src/custody.rs'))?.[1] ?? '';
    const events = [...body.matchAll(/^ {4}([A-Z]\w+)/gm)].map((found) => (found[1] ?? '').replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase());
    expect(events).toContain('captured');
    expect(events.filter((event) => !has(`custody.${event}`))).toEqual([]);
  });
  it('each finding of the self-check has a sentence', () => {
    const found = [...read('device/src/check.rs').matchAll(/check\("([a-z-]+)", "[a-z-]+", "([a-z-]+)"/g)];
    expect(found.length).toBeGreaterThan(20);
    expect(found.map(([, code, sentence]) => `check.${code}.${sentence}`).filter((key) => !has(key))).toEqual([]);
  });
});

describe('the sentences the design fixes', () => {
  const fixed: [keyof typeof zh, string, string, Record<string, number>?][] = [
    ['unsafe.packets', '3 个证据包还没有安全存到服务器', '3 packets are not yet safe on the server', { n: 3 }],
    ['offline.can-work', '离线。可以照常拍照、签名、封存。', 'Offline. You can shoot, sign and seal as usual.'],
    ['check.clock.fast', '平板的钟快 7 分钟。照常取证，偏差会如实记录。', 'The clock is 7 minutes fast. Carry on; the difference is recorded.', { minutes: 7 }],
    ['camera.no-fix', '还没有定位。照片已存好；以后的定位另记一笔。', 'No position yet. The photo is stored; a later fix is noted apart.'],
    ['void.title', '作废这张？原图保留，原因随包提交。', 'Void this photo? The original stays; your reason goes along.'],
    ['recovered', '上次意外关闭。6 张照片都在。', 'Closed unexpectedly. All 6 photos are here.', { n: 6 }],
    ['camera.not-stored', '没有存下这一张，请再拍。前 5 张完好。', 'Not stored; take it again. The first 5 are intact.', { n: 5 }],
    ['seal.final', '封存以后不能再改。要补充，就另做一个证据包。', "Once sealed it can't change. To add something, make a new packet."],
    ['cause.receipt-wrong', '服务器的回执不符，本机副本不会清理。', "The server's receipt does not fit; copies here are kept."],
    ['photo.reported', '拍摄时刻和位置是设备自报的。', 'Time and place are as the device reported.'],
  ];
  it.each(fixed)('%s', (key, chinese, english, values = {}) => {
    expect(fill(zh[key], values)).toBe(chinese);
    expect(fill(en[key], values)).toBe(english);
  });
});
