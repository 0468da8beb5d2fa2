/** What is said of the time of single photos, Chinese first; `en-bound.ts` has exactly the same keys. */
export const bound = {
  'bound.photo': '第 {name} 张',
  'bound.before': '拍摄于 {time} 之前',
  'bound.by-heartbeat': '已证实：入日志的心跳和时间戳机构',
  'bound.with-packet': '没有单独的上限；随整包，拍摄于 {time} 之前。',
  'bound.none': '拍摄的最晚时间未能证明。',
  'bound.word': '现场码 {word}：{time} 以前无人能知道；照片里有没有，请您看。',
  'bound.claimed': '拍摄时刻本身是设备自报的。',
} as const;
