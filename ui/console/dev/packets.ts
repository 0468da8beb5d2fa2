/** Invented packets for the fake API. Development only: nothing here reaches the production build. */

import type { CustodyView, FindingView, PacketDetail, PacketSummary, Text, Verdict } from '../src/wire';

const kinds: Record<string, Text> = {
  'illegal-structure': { zh: '违法建筑', en: 'Illegal structure' },
  'group-rental': { zh: '群租', en: 'Group rental' },
  billboard: { zh: '户外广告', en: 'Billboard' },
};

type Row = [title: string, kind: string, team: string, officers: string[], items: number, failed: number, notProved: number];

const rows: Row[] = [
  ['康定路979弄6号502室', 'group-rental', '江宁路街道', ['韩冰', '许诺'], 8, 0, 1],
  ['昌平路1086号屋顶', 'illegal-structure', '江宁路街道', ['周敏', '陆一鸣'], 6, 0, 3],
  ['新闸路1124弄屋顶广告', 'billboard', '石门二路街道', ['冯磊', '顾倩'], 5, 1, 1],
  ['延平路123弄晒台', 'illegal-structure', '曹家渡街道', ['沈悦', '高远'], 7, 0, 3],
  ['余姚路288弄9号301室', 'group-rental', '江宁路街道', ['韩冰', '许诺'], 9, 0, 0],
  ['武定路820号晒台（拆除后复查，同一视角，另附邻居门牌与楼道照片）', 'illegal-structure', '静安寺街道', ['唐宁', '蒋帆'], 6, 0, 0],
  ['江宁路838号屋顶广告牌', 'billboard', '江宁路街道', ['周敏'], 5, 0, 4],
];

function hex(seed: number): string {
  let out = '';
  let x = (seed * 2654435761) >>> 0;
  while (out.length < 64) {
    x = (Math.imul(x ^ (x >>> 15), 2246822519) + 374761393) >>> 0;
    out += x.toString(16).padStart(8, '0');
  }
  return out.slice(0, 64);
}

function summaryOf(index: number): PacketSummary {
  const row = rows[index % rows.length] as Row;
  const [title, kind, team, officers, items, failed, notProved] = row;
  const verdict: Verdict = failed > 0 ? 'failed' : notProved > 0 ? 'not-proved' : 'verified';
  const minute = String(10 + index).padStart(2, '0');
  return {
    id: `019379aa-0000-7000-8000-${String(index).padStart(12, '0')}`,
    title: index < rows.length ? title : `${title} · ${String(index)}`,
    kind,
    kind_name: kinds[kind] ?? { zh: kind, en: kind },
    point: kind === 'illegal-structure' ? `JN-WJ-04${String(17 + index)}` : null,
    team,
    officers,
    items,
    previews: [1, 2, 3],
    verdict,
    ok: 14 + (index % 3),
    not_proved: notProved,
    failed,
    closed_at: `2026-11-23T01:${minute}:36.104Z`,
    received_at: `2026-11-23T02:${minute}:04.512Z`,
    logged_at: `2026-11-23T02:${minute}:05.020Z`,
    decision: null,
    decided_at: null,
  };
}

export const summaries: PacketSummary[] = Array.from({ length: 61 }, (_, index) => summaryOf(index));

function findingsOf(summary: PacketSummary): FindingView[] {
  const list: FindingView[] = [];
  const add = (level: FindingView['level'], code: string, subject: string, zh: string, en: string): void => {
    list.push({ level, code, subject, text: { zh, en } });
  };
  if (summary.failed > 0) add('failed', 'item-mismatch', 'data/items/0003.jpg', '核验不符：第 0003 张与封存时不同。', 'Failed: photo 0003 differs from what was sealed.');
  if (summary.not_proved > 0)
    add('not-proved', 'lower-bound-none', '', '未能证明：封存时没有见过带时间戳的检查点，“不早于”没有证明。没有发现矛盾。', 'Not proved: no stamped checkpoint had been seen, so there is no lower time bound. Nothing contradicts.');
  if (summary.not_proved > 1)
    add('not-proved', 'timestamp-absent', '', '未能证明：检查点还没有时间戳，“不晚于”没有证明。没有发现矛盾。', 'Not proved: the checkpoint has no timestamp token, so there is no upper time bound. Nothing contradicts.');
  if (summary.not_proved > 2)
    add('not-proved', 'witness-absent', '', '未能证明：没有外部见证联署。没有发现矛盾。', 'Not proved: no outside witness has cosigned. Nothing contradicts.');
  if (summary.officers.length === 1)
    add('not-proved', 'second-officer-absent', '', '未能证明：只有一名执法人员，未能证明有两人在场。', 'Not proved: one officer alone; that there were two is not proved.');
  add('info', 'self-reported', '', '拍摄时刻和位置是设备自报的。', 'Time and place are as the device reported.');
  add('info', 'device-sequence', '', '本机第 1204 个证据包；前一个要一起核验才看得出有无缺号。', "The device's packet number 1204; whether one is missing before it shows when they are checked together.");
  add('ok', 'zip-ok', '', '压缩包结构完好。', 'The zip is well-formed.');
  if (summary.failed === 0) {
    add('ok', 'files-ok', '', '14 个文件与清单一致，没有多余的文件。', '14 files are as the manifests say, and there are no others.');
    add('ok', 'items-ok', '', `${String(summary.items)} 件照片等原件的字节与封存时一致。`, `The bytes of ${String(summary.items)} photos and other items are as sealed.`);
  }
  add('ok', 'seal-ok', '', '封签与清单一致。', 'The seal fits the manifests.');
  add('ok', 'device-line-ok', 'demo.fieldseal.example/device/7f3a', '平板的签名有效（demo.fieldseal.example/device/7f3a）。', "The tablet's signature is right (demo.fieldseal.example/device/7f3a).");
  add('ok', 'officer-line-ok', 'demo.fieldseal.example/officer/zm', '执法人员的签名有效（demo.fieldseal.example/officer/zm）。', "An officer's signature is right (demo.fieldseal.example/officer/zm).");
  add('ok', 'custody-ok', 'data/custody.log', '保管链 data/custody.log 完整，共 10 行。', 'The custody log data/custody.log is whole, 10 lines.');
  add('ok', 'record-ok', '', '记录与包里的内容一致。', 'The record fits the packet.');
  add('ok', 'log-inclusion-ok', '', '已入日志第 48213 条，证明有效。', 'In the log at index 48213; the proof is right.');
  return list;
}

function custodyOf(summary: PacketSummary): CustodyView[] {
  const lines: CustodyView[] = [];
  const add = (log: 'tablet' | 'server', event: string, at: string, actor: string | null, zh: string, en: string): void => {
    lines.push({ log, line: lines.filter((line) => line.log === log).length + 1, at, event, actor, text: { zh, en } });
  };
  add('tablet', 'opened', '2026-11-23T01:38:02.000Z', null, `新建草稿：${summary.kind_name.zh}`, `Draft opened: ${summary.kind_name.en}`);
  for (let n = 1; n <= summary.items; n += 1)
    add('tablet', 'captured', `2026-11-23T01:4${String(n % 10)}:27.310Z`, null, `拍摄第 ${String(n)} 张，序号 ${String(1200 + n)}`, `Photo ${String(n)} taken, sequence ${String(1200 + n)}`);
  add('tablet', 'described', '2026-11-23T01:46:12.000Z', summary.officers[0] ?? null, '填写了事实', 'Facts described');
  add('tablet', 'party', '2026-11-23T01:46:40.000Z', summary.officers[0] ?? null, '当事人在场，拒绝签名', 'The party was present and refused to sign');
  add('tablet', 'closed', summary.closed_at ?? '', null, `封闭，共 ${String(summary.items)} 张`, `Closed with ${String(summary.items)} photos`);
  add('server', 'received', summary.received_at, null, '服务器收到，摘要相符', 'Received by the server, digest agrees');
  add('server', 'logged', summary.logged_at ?? '', null, '写入日志第 48213 条', 'Written to the log as leaf 48213');
  add('server', 'looked-at', '2026-11-23T03:12:44.000Z', '陈岚', '查看了证据包', 'Looked at the packet');
  return lines;
}

const shots: Text[] = [
  { zh: '全景', en: 'Panorama' },
  { zh: '全景', en: 'Panorama' },
  { zh: '近景', en: 'Close-up' },
  { zh: '门牌', en: 'Door plate' },
  { zh: '测量', en: 'Dimensions' },
  { zh: '出示证件', en: 'Credentials shown' },
];

export function detailOf(index: number, open: PacketSummary[]): PacketDetail | null {
  const summary = summaries[index];
  if (!summary) return null;
  const at = open.findIndex((row) => row.id === summary.id);
  const indoor = summary.kind === 'group-rental';
  return {
    summary,
    related: [],
    packet_digest: hex(index + 1),
    zip_sha256: hex(index + 1000),
    zip_size: 18_734_112,
    leaf_index: 48_213 + index,
    items: Array.from({ length: summary.items }, (_, n) => ({
      number: n + 1,
      path: `data/items/${String(n + 1).padStart(4, '0')}.jpg`,
      sha256: hex(index * 100 + n + 7),
      size: 3_120_000 + n * 77_000,
      media_type: n === 6 ? 'image/heic' : 'image/jpeg',
      shot: shots[n] ?? null,
      captured_at: `2026-11-23T01:4${String(1 + (n % 5))}:27.310Z`,
      accuracy_m: indoor ? null : 4 + n,
      width: n === 6 ? null : 4000,
      height: n === 6 ? null : 3000,
      preview: n !== 6,
      preview_problem: n === 6 ? 'preview-media-type' : null,
      voided: n === 4 && index === 1 ? '拍糊了' : null,
    })),
    fields: [
      { id: 'point', label: { zh: '点位编号', en: 'Point' }, value: { zh: summary.point ?? '', en: summary.point ?? '' } },
      { id: 'stage', label: { zh: '阶段', en: 'Stage' }, value: { zh: '已认定', en: 'Confirmed' } },
      { id: 'stock', label: { zh: '存量/新增', en: 'Stock or new' }, value: { zh: '存量', en: 'Stock' } },
      { id: 'structure', label: { zh: '结构', en: 'Structure' }, value: { zh: '彩钢板', en: 'Sandwich panel' } },
      { id: 'storeys', label: { zh: '层数', en: 'Storeys' }, value: { zh: '1', en: '1' } },
      { id: 'area', label: { zh: '面积', en: 'Area' }, value: { zh: '15.4 m²（实测）', en: '15.4 m² (measured)' } },
      { id: 'use', label: { zh: '用途', en: 'Use' }, value: { zh: '堆放杂物，兼作临时住宿', en: 'Storage, also temporary lodging' } },
      { id: 'note', label: { zh: '备注', en: 'Note' }, value: { zh: '业主称2015年前搭建，未能出示手续。', en: '业主称2015年前搭建，未能出示手续。' } },
    ],
    place: indoor
      ? { latitude: null, longitude: null, accuracy_m: null, address: summary.title, no_fix_reason: 'timeout' }
      : { latitude: '31.241302', longitude: '121.448617', accuracy_m: 4.2, address: summary.title, no_fix_reason: null },
    party: 'refused',
    custody: custodyOf(summary),
    findings: findingsOf(summary),
    sealed_after: null,
    logged_before: null,
    decisions: [],
    next: open[at + 1]?.id ?? null,
    previous: open[at - 1]?.id ?? null,
  };
}
