/**
 * Themes of VS Code that pictures are taken in: the label to choose, the setting that
 * comes of it, and the workbench's class with it.
 */
export const THEMES = {
  dark: { label: 'Dark Modern', setting: 'Dark Modern', className: 'vs-dark' },
  light: { label: 'Light Modern', setting: 'Light Modern', className: 'vs' },
  'high-contrast': { label: 'Dark High Contrast', setting: 'Default High Contrast', className: 'hc-black' },
} as const;
export type Theme = keyof typeof THEMES;
