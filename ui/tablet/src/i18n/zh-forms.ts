/** Forms as data. */
export const forms = {
  'form.violation': '与表单要求不符，请核对。',
  'form.violation-of': '{field}：{message}',
  'form.violations': '{n} 项与表单要求不符。照原样保留，不妨碍封存。',
  'form.semicolon': '；',
  'check.forms': '表单',
  'check.forms.ok': '表单 {kinds} 种',
  'check.forms.ok.detail': '都能离线使用',
  'check.forms.refused': '服务器发来的表单不能用：{kind} {version}',
  'check.forms.refused.detail': '原来的表单照常使用。请告诉管理员。',
} as const;
