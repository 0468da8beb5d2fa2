/** Themes are a `data-theme` on the root element; the tokens do the rest. */
export const themes = ['light', 'dark', 'sun'] as const;
export type Theme = (typeof themes)[number];

export function applyTheme(theme: string): void {
  const known = themes.find((t) => t === theme) ?? 'light';
  document.documentElement.dataset.theme = known;
}
