/**
 * Every control a page uses, as lit templates. @vscode/webview-ui-toolkit is archived upstream; this is the only file
 * that knows it, so that its successor needs one file changed.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeBadge,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';

/** Call once before a page is drawn. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeBadge(),
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodePanels(),
    vsCodePanelTab(),
    vsCodePanelView(),
    vsCodeProgressRing(),
    vsCodeTextField(),
  );
}

type Child = TemplateResult | string | number | typeof nothing;

/** A codicon; it says nothing to a screen reader, so words must stand beside it. */
export function icon(name: string, className = ''): TemplateResult {
  return html`<span class="codicon codicon-${name} ${className}" aria-hidden="true"></span>`;
}

export interface ButtonOptions {
  readonly label: string;
  readonly icon?: string;
  readonly appearance?: 'primary' | 'secondary';
  readonly disabled?: boolean;
  readonly onClick: () => void;
}

export function button(options: ButtonOptions): TemplateResult {
  return html`<vscode-button
    appearance=${options.appearance ?? 'secondary'}
    ?disabled=${options.disabled ?? false}
    @click=${options.onClick}
    >${options.icon === undefined ? nothing : icon(options.icon)}${options.label}</vscode-button
  >`;
}

/** A button of an icon alone; the label is its tooltip and its name. */
export function iconButton(
  options: Required<Pick<ButtonOptions, 'label' | 'icon' | 'onClick'>>,
): TemplateResult {
  return html`<vscode-button
    appearance="icon"
    aria-label=${options.label}
    title=${options.label}
    @click=${options.onClick}
    >${icon(options.icon)}</vscode-button
  >`;
}

/** A button of an icon alone that opens a menu under it. */
export function menuButton(options: {
  readonly label: string;
  readonly icon: string;
  readonly onOpen: (at: { readonly x: number; readonly y: number }) => void;
}): TemplateResult {
  const clicked = (event: Event): void => {
    const { left, bottom } = (event.currentTarget as Element).getBoundingClientRect();
    options.onOpen({ x: left, y: bottom });
  };
  return html`<vscode-button
    appearance="icon"
    aria-label=${options.label}
    aria-haspopup="menu"
    title=${options.label}
    @click=${clicked}
    >${icon(options.icon)}</vscode-button
  >`;
}

export interface TextFieldOptions {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly icon: string;
  readonly className: string;
  readonly onInput: (value: string) => void;
  /** Escape in the field. */
  readonly onCancel: () => void;
  /** Controls at the end of the field. */
  readonly end: Child;
}

export function textField(options: TextFieldOptions): TemplateResult {
  const changed = (event: Event): void => options.onInput((event.target as HTMLInputElement).value);
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') options.onCancel();
  };
  return html`<vscode-text-field
    class=${options.className}
    aria-label=${options.label}
    placeholder=${options.placeholder}
    spellcheck="false"
    .value=${live(options.value)}
    @input=${changed}
    @keydown=${pressed}
  >
    <span slot="start" class="codicon codicon-${options.icon}" aria-hidden="true"></span>
    <span slot="end" class="field-end">${options.end}</span>
  </vscode-text-field>`;
}

export interface CheckboxOptions {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function checkbox(options: CheckboxOptions): TemplateResult {
  const changed = (event: Event): void => {
    const { checked } = event.target as HTMLInputElement;
    // The toolkit also reports a change that came from us.
    if (checked !== options.checked) options.onChange(checked);
  };
  return html`<vscode-checkbox .checked=${live(options.checked)} @change=${changed}
    >${options.label}</vscode-checkbox
  >`;
}

export interface DropdownOptions {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly onChange: (value: string) => void;
}

export function dropdown(options: DropdownOptions): TemplateResult {
  const changed = (event: Event): void => {
    const { value } = event.target as HTMLSelectElement;
    if (value !== options.value) options.onChange(value);
  };
  return html`<vscode-dropdown
    aria-label=${options.label}
    title=${options.label}
    .currentValue=${live(options.value)}
    @change=${changed}
  >
    ${options.choices.map(
      ({ value, label }) =>
        html`<vscode-option value=${value} ?selected=${value === options.value}>${label}</vscode-option>`,
    )}
  </vscode-dropdown>`;
}

/** The page's CSP refuses the style attribute that a badge would make for itself. */
const noStyle = (): null => null;

export function badge(text: string): TemplateResult {
  return html`<vscode-badge .generateBadgeStyle=${noStyle}>${text}</vscode-badge>`;
}

export function progressRing(label: string): TemplateResult {
  return html`<vscode-progress-ring aria-label=${label}></vscode-progress-ring>`;
}

export interface PanelTab {
  readonly id: string;
  readonly label: string;
  /** Beside the label, for example a number of things. */
  readonly badge: string | null;
  readonly content: Child;
}

export function panels(label: string, tabs: readonly PanelTab[]): TemplateResult {
  // The toolkit names a tab once, by its text; the attribute follows when the badge changes.
  const name = (tab: PanelTab): string => [tab.label, tab.badge].filter(Boolean).join(' ');
  return html`<vscode-panels aria-label=${label}>
    ${tabs.map(
      (tab) =>
        html`<vscode-panel-tab id="tab-${tab.id}" aria-label=${name(tab)}
          >${tab.label}${tab.badge === null ? nothing : html` ${badge(tab.badge)}`}</vscode-panel-tab
        >`,
    )}
    ${tabs.map((tab) => html`<vscode-panel-view id="view-${tab.id}">${tab.content}</vscode-panel-view>`)}
  </vscode-panels>`;
}
