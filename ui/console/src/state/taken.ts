/** What a packet holds, in words: a recording is not called a photo. */
import { t } from '../i18n';
import type { ItemView } from '../wire';

type Sort = 'interval.captured' | 'interval.filmed' | 'interval.sounded';

const sortOf = ({ media_type }: Pick<ItemView, 'media_type'>): Sort => {
  if (media_type.startsWith('video/')) return 'interval.filmed';
  return media_type.startsWith('audio/') ? 'interval.sounded' : 'interval.captured';
};

/** Such as '拍摄 3 张，录像 1 段'. */
export function taken(items: Pick<ItemView, 'media_type'>[]): string {
  const sorts: Sort[] = ['interval.captured', 'interval.filmed', 'interval.sounded'];
  const counted = sorts.map((sort) => [sort, items.filter((item) => sortOf(item) === sort).length] as const);
  const there = counted.filter(([sort, n]) => n > 0 || (sort === 'interval.captured' && items.length === 0));
  return there.map(([sort, n]) => t(sort, { n })).join(t('interval.and'));
}
