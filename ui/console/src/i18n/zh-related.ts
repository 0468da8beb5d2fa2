/** Packets that belong together, Chinese first; `en-related.ts` has exactly the same keys. */
export const related = {
  'related.title': '补充关系',
  'related.completes': '本包补充的原包',
  'related.completed-by': '补充本包的证据包',
  'related.none-here': '原包不在这台服务器上：{id}',
  'related.other-seal': '本包写明的封签与这个包的封签不同。',
  'related.line': '{items} 件 · 收到 {when}',
  'related.reason': '退回或不采用的原因：{reason}',
} as const;
