/** What only some platforms have: a camera of their own, and unlocking by a biometric. */
export const own = {
  'own.camera': '用平板自带的相机',
  'own.live': '平板自带相机的画面在页面下面',
  'own.failed': '平板自带的相机打不开，现在用的是网页组件的相机。',
  'own.title': '指纹或面容解锁',
  'own.why': '只用来打开这台平板看东西。签名仍然要 PIN。',
  'own.on': '已开启',
  'own.off': '未开启',
  'own.turn-on': '开启',
  'own.turn-off': '停用',
  'own.keep-title': '开启指纹或面容解锁',
  'own.unlock': '指纹或面容解锁',
  'own.with-pin': '用 PIN',
  'own.cancel': '取消',
  'problem.no-biometric': '没有认出来。请用 PIN 解锁。',
  'problem.no-camera': '相机没有给出画面，请再拍。',
  'problem.unsupported': '这台平板没有这个功能。',
} as const;
