export const themes = ['system', 'light', 'dark', 'contrast'] as const
const known: readonly string[] = themes

/** Teams' names of themes and ours; light is Teams' default. */
export function setTheme(name: string): void {
  document.documentElement.dataset.theme = name === 'default' ? 'light' : known.includes(name) ? name : 'system'
}
