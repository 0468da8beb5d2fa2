/** What a reviewer sets for himself in this browser: language, theme, single-key shortcuts. Nothing about people or packets. */

import { locale, type Language } from '@fieldseal/shared/i18n/index.ts';
import { applyTheme } from '@fieldseal/shared/theme.ts';

export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'fieldseal.console.preferences';

interface Stored {
  language: Language;
  theme: ThemeChoice;
  shortcuts: boolean;
}

function stored(): Partial<Stored> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

const dark = matchMedia('(prefers-color-scheme: dark)');

class Preferences {
  theme = $state<ThemeChoice>('system');
  shortcuts = $state(true);

  constructor() {
    const { language, theme, shortcuts } = stored();
    locale.set(language === 'en' ? 'en' : 'zh');
    if (theme === 'light' || theme === 'dark') this.theme = theme;
    if (typeof shortcuts === 'boolean') this.shortcuts = shortcuts;
    this.showTheme();
    dark.addEventListener('change', () => {
      this.showTheme();
    });
  }

  setLanguage(language: Language): void {
    locale.set(language);
    this.save();
  }

  setTheme(theme: ThemeChoice): void {
    this.theme = theme;
    this.showTheme();
    this.save();
  }

  setShortcuts(on: boolean): void {
    this.shortcuts = on;
    this.save();
  }

  private showTheme(): void {
    applyTheme(this.theme === 'system' ? (dark.matches ? 'dark' : 'light') : this.theme);
  }

  private save(): void {
    const value: Stored = { language: locale.language, theme: this.theme, shortcuts: this.shortcuts };
    try {
      localStorage.setItem(KEY, JSON.stringify(value));
    } catch {
      // A browser that stores nothing: the choice holds until the page is closed.
    }
  }
}

export const preferences = new Preferences();
