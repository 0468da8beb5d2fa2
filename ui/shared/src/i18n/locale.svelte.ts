/** The language of the screen: one for the whole page. */

export type Language = 'zh' | 'en';

class Locale {
  language = $state<Language>('zh');

  /** BCP 47 tag, for `lang` attributes and `Intl`. */
  get tag(): string {
    return this.language === 'zh' ? 'zh-CN' : 'en';
  }

  number(value: number): string {
    return new Intl.NumberFormat(this.tag, { maximumFractionDigits: 2 }).format(value);
  }

  /** Picks the label of the language from data that carries both. */
  label(both: { zh: string; en: string }): string {
    return this.language === 'zh' ? both.zh : both.en;
  }

  set(language: Language): void {
    this.language = language;
    if (typeof document !== 'undefined') document.documentElement.lang = this.tag;
  }
}

export const locale = new Locale();
