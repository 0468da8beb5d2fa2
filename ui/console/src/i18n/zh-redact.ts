/** Redacted copies, Chinese first; `en-redact.ts` has exactly the same keys. */
export const redact = {
  'redact.open': '导出包，另附遮盖副本…',
  'redact.title': '遮盖副本',
  'redact.why': '在照片上框出要遮住的地方。原件不动；导出包另附一份重新编码、框内全黑的副本，由服务器签名，写明由哪一张做成。导出包里仍有原件：只给副本时，请从 data/derived 取。',
  'redact.photos': '选照片',
  'redact.photo': '照片 {name}',
  'redact.first': '拖出一个框，或先点一角、再点对角。',
  'redact.second': '再点对角。',
  'redact.full': '每张最多 {n} 个框。',
  'redact.area': '第 {n} 框：{w}×{h} 像素',
  'redact.back': '撤掉',
  'redact.export': '导出，遮盖 {n} 处',
} as const;
