/** What VS Code gives a page of each of its own themes, as far as our pages and the toolkit read it. */
interface Theme {
  /** VS Code's class on the body. */
  readonly className: string;
  readonly variables: Readonly<Record<string, string>>;
}

const FONTS = {
  'font-family': 'system-ui, "Ubuntu", "Droid Sans", sans-serif',
  'font-size': '13px',
  'font-weight': 'normal',
  'editor-font-family': '"Droid Sans Mono", "DejaVu Sans Mono", monospace',
  'editor-font-size': '12px',
};

const DARK: Theme = {
  className: 'vscode-dark',
  variables: {
    ...FONTS,
    foreground: '#cccccc',
    descriptionForeground: '#9d9d9d',
    disabledForeground: 'rgba(204, 204, 204, 0.5)',
    focusBorder: '#0078d4',
    'icon-foreground': '#cccccc',
    'editor-background': '#1f1f1f',
    'editor-foreground': '#cccccc',
    'panel-background': '#181818',
    'panel-border': '#2b2b2b',
    'panelTitle-activeBorder': '#0078d4',
    'panelTitle-activeForeground': '#cccccc',
    'panelTitle-inactiveForeground': '#9d9d9d',
    'panel-dropBorder': '#cccccc',
    'tree-tableColumnsBorder': 'rgba(204, 204, 204, 0.13)',
    'tree-tableOddRowsBackground': 'rgba(204, 204, 204, 0.04)',
    'keybindingTable-headerBackground': 'rgba(204, 204, 204, 0.04)',
    'list-hoverBackground': '#2a2d2e',
    'list-activeSelectionBackground': '#04395e',
    'list-activeSelectionForeground': '#ffffff',
    'list-inactiveSelectionBackground': '#37373d',
    'sash-hoverBorder': '#0078d4',
    'badge-background': '#616161',
    'badge-foreground': '#f8f8f8',
    'menu-background': '#1f1f1f',
    'menu-foreground': '#cccccc',
    'menu-border': '#454545',
    'menu-selectionBackground': '#0078d4',
    'menu-selectionForeground': '#ffffff',
    'editorHoverWidget-background': '#202020',
    'editorHoverWidget-foreground': '#cccccc',
    'editorHoverWidget-border': '#454545',
    'widget-shadow': 'rgba(0, 0, 0, 0.36)',
    'button-background': '#0078d4',
    'button-foreground': '#ffffff',
    'button-hoverBackground': '#026ec1',
    'button-border': 'rgba(255, 255, 255, 0.1)',
    'button-secondaryBackground': '#313131',
    'button-secondaryForeground': '#cccccc',
    'button-secondaryHoverBackground': '#3c3c3c',
    'toolbar-hoverBackground': 'rgba(90, 93, 94, 0.31)',
    'checkbox-background': '#313131',
    'checkbox-border': '#3c3c3c',
    'checkbox-foreground': '#cccccc',
    'dropdown-background': '#313131',
    'dropdown-border': '#3c3c3c',
    'dropdown-foreground': '#cccccc',
    'input-background': '#313131',
    'settings-dropdownListBorder': '#454545',
    'input-foreground': '#cccccc',
    'input-placeholderForeground': '#989898',
    'inputValidation-infoBackground': '#063b49',
    'inputValidation-warningBackground': '#352a05',
    'inputValidation-errorBackground': '#5a1d1d',
    'progressBar-background': '#0078d4',
    'textCodeBlock-background': '#2b2b2b',
    'textLink-foreground': '#4daafc',
    'scrollbarSlider-background': 'rgba(121, 121, 121, 0.4)',
    'scrollbarSlider-hoverBackground': 'rgba(100, 100, 100, 0.7)',
    'scrollbarSlider-activeBackground': 'rgba(191, 191, 191, 0.4)',
    'testing-iconPassed': '#73c991',
    'testing-iconFailed': '#f14c4c',
    'editorWarning-foreground': '#cca700',
    'charts-red': '#f14c4c',
    'charts-blue': '#3794ff',
    'charts-yellow': '#cca700',
    'charts-orange': '#d18616',
    'charts-green': '#89d185',
    'charts-purple': '#b180d7',
  },
};

const LIGHT: Theme = {
  className: 'vscode-light',
  variables: {
    ...DARK.variables,
    foreground: '#3b3b3b',
    descriptionForeground: '#3b3b3b',
    disabledForeground: 'rgba(97, 97, 97, 0.5)',
    focusBorder: '#005fb8',
    'icon-foreground': '#3b3b3b',
    'editor-background': '#ffffff',
    'editor-foreground': '#3b3b3b',
    'panel-background': '#f8f8f8',
    'panel-border': '#e5e5e5',
    'panelTitle-activeBorder': '#005fb8',
    'panelTitle-activeForeground': '#3b3b3b',
    'panelTitle-inactiveForeground': '#3b3b3b',
    'panel-dropBorder': '#3b3b3b',
    'tree-tableColumnsBorder': 'rgba(97, 97, 97, 0.13)',
    'tree-tableOddRowsBackground': 'rgba(97, 97, 97, 0.04)',
    'keybindingTable-headerBackground': 'rgba(97, 97, 97, 0.04)',
    'list-hoverBackground': '#f2f2f2',
    'list-activeSelectionBackground': '#e8e8e8',
    'list-activeSelectionForeground': '#000000',
    'list-inactiveSelectionBackground': '#e4e6f1',
    'sash-hoverBorder': '#005fb8',
    'badge-background': '#cccccc',
    'badge-foreground': '#3b3b3b',
    'menu-background': '#ffffff',
    'menu-foreground': '#3b3b3b',
    'menu-border': '#cecece',
    'menu-selectionBackground': '#005fb8',
    'editorHoverWidget-background': '#f8f8f8',
    'editorHoverWidget-foreground': '#3b3b3b',
    'editorHoverWidget-border': '#c8c8c8',
    'widget-shadow': 'rgba(0, 0, 0, 0.16)',
    'button-background': '#005fb8',
    'button-hoverBackground': '#0258a8',
    'button-border': 'rgba(0, 0, 0, 0.1)',
    'button-secondaryBackground': '#e5e5e5',
    'button-secondaryForeground': '#3b3b3b',
    'button-secondaryHoverBackground': '#cccccc',
    'toolbar-hoverBackground': 'rgba(184, 184, 184, 0.31)',
    'checkbox-background': '#f8f8f8',
    'checkbox-border': '#cecece',
    'checkbox-foreground': '#3b3b3b',
    'dropdown-background': '#ffffff',
    'dropdown-border': '#cecece',
    'dropdown-foreground': '#3b3b3b',
    'input-background': '#ffffff',
    'settings-dropdownListBorder': '#c8c8c8',
    'input-foreground': '#3b3b3b',
    'input-placeholderForeground': '#767676',
    'inputValidation-infoBackground': '#d6ecf2',
    'inputValidation-warningBackground': '#f6f5d2',
    'inputValidation-errorBackground': '#f2dede',
    'progressBar-background': '#005fb8',
    'textCodeBlock-background': '#f8f8f8',
    'textLink-foreground': '#005fb8',
    'scrollbarSlider-background': 'rgba(100, 100, 100, 0.4)',
    'testing-iconPassed': '#007100',
    'testing-iconFailed': '#ad0707',
    'editorWarning-foreground': '#bf8803',
    'charts-red': '#e51400',
    'charts-blue': '#0063d3',
    'charts-yellow': '#bf8803',
    'charts-green': '#388a34',
    'charts-purple': '#652d90',
  },
};

/** High contrast leaves backgrounds alone and draws borders. */
function highContrast(
  base: Theme,
  className: string,
  colors: { text: string; paper: string; border: string; focus: string },
): Theme {
  const { text, paper, border, focus } = colors;
  const transparent = Object.keys(base.variables).filter((name) =>
    /hoverBackground|OddRows|headerBackground/i.test(name),
  );
  const papers = Object.keys(base.variables).filter((name) =>
    /^(editor|panel|input|dropdown|checkbox|textCodeBlock|inputValidation-\w+?|button-secondary)-?Background$/i.test(
      name,
    ),
  );
  const texts = Object.keys(base.variables).filter(
    (name) => /foreground$/i.test(name) && !/warning/i.test(name),
  );
  return {
    className,
    variables: {
      ...base.variables,
      ...Object.fromEntries(transparent.map((name) => [name, 'transparent'])),
      ...Object.fromEntries(papers.map((name) => [name, paper])),
      ...Object.fromEntries(texts.map((name) => [name, text])),
      contrastBorder: border,
      contrastActiveBorder: focus,
      focusBorder: focus,
      'panel-border': border,
      'tree-tableColumnsBorder': 'transparent',
      'list-activeSelectionBackground': paper,
      'list-inactiveSelectionBackground': paper,
      'button-background': paper,
      'button-border': border,
      'button-foreground': text,
      'badge-background': paper,
      'badge-foreground': text,
      'checkbox-border': border,
      'dropdown-border': border,
      'menu-background': paper,
      'menu-border': border,
      'menu-selectionBackground': 'transparent',
      'menu-selectionBorder': focus,
      'editorHoverWidget-background': paper,
      'editorHoverWidget-border': border,
      'widget-shadow': 'transparent',
      'settings-dropdownListBorder': border,
      'progressBar-background': border,
    },
  };
}

const THEMES: Readonly<Record<string, Theme>> = {
  dark: DARK,
  light: LIGHT,
  'high-contrast': highContrast(DARK, 'vscode-high-contrast', {
    text: '#ffffff',
    paper: '#000000',
    border: '#6fc3df',
    focus: '#f38518',
  }),
  'high-contrast-light': highContrast(LIGHT, 'vscode-high-contrast-light vscode-high-contrast', {
    text: '#292929',
    paper: '#ffffff',
    border: '#0f4a85',
    focus: '#006bbd',
  }),
};

/** Names for `?theme=`. */
export const THEME_NAMES = Object.keys(THEMES);

export function applyTheme(name: string): void {
  const theme = THEMES[name];
  if (theme === undefined) throw new Error(`no such theme; there are ${THEME_NAMES.join(', ')}`);
  const { style } = document.documentElement;
  for (const variable of [...style]) style.removeProperty(variable);
  for (const [variable, value] of Object.entries(theme.variables)) {
    style.setProperty(`--vscode-${variable}`, value);
  }
  document.body.className = theme.className;
}
