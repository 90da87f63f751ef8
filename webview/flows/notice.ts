import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { FlowsPanelState } from '../../src/model/panelMessages.ts';
import { button, icon, progressRing } from '../shared/controls.ts';
import type { Counts } from './toolbar.ts';

export interface NoticeActions {
  readonly onRestart: () => void;
  readonly onShowLog: () => void;
  readonly onOpenSettings: () => void;
  readonly onClearFilter: () => void;
}

/** What stands in place of rows when there are none to show, with the reason and what to do; null with rows. */
export function emptyNotice(
  state: FlowsPanelState,
  { matching, total }: Counts,
  actions: NoticeActions,
): TemplateResult | null {
  if (matching > 0) return null;
  if (total > 0) {
    return notice(
      'search-stop',
      'No flow matches the filter',
      'Other flows are there; the filter hides them.',
      [button({ label: 'Clear Filter', onClick: actions.onClearFilter })],
    );
  }
  switch (state.phase) {
    case 'starting':
      return html`<div class="notice" role="status">
        ${progressRing('Starting')}
        <p class="notice-title">Starting the observation</p>
        <p>${state.status}</p>
        ${button({ label: 'Show Log', icon: 'output', onClick: actions.onShowLog })}
      </div>`;
    case 'running':
      return notice(
        'pulse',
        'No packets yet',
        `${state.title} has neither sent nor received a packet since the observation began. Connections show here with their first packet.`,
        [],
      );
    case 'reconnecting':
      return notice('sync', 'The connection to the agent was lost', state.status, [showLog(actions)]);
    case 'stopped':
      return notice('debug-stop', 'The observation has stopped', state.status, [
        button({
          label: 'Restart',
          icon: 'debug-restart',
          appearance: 'primary',
          onClick: actions.onRestart,
        }),
      ]);
    case 'failed':
      return failure(state, actions);
  }
}

/** One line above rows that are no longer live; null while they are. */
export function rowsNotice(state: FlowsPanelState, actions: NoticeActions): TemplateResult | null {
  switch (state.phase) {
    case 'starting':
    case 'running':
      return null;
    case 'reconnecting':
      return line('warning', state.status, [showLog(actions)]);
    case 'stopped':
      return line('info', state.status, []);
    case 'failed':
      return line('error', state.status, [restart(actions), showLog(actions)]);
  }
}

function failure({ problem, status }: FlowsPanelState, actions: NoticeActions): TemplateResult {
  const settings = button({ label: 'Open Settings', icon: 'settings-gear', onClick: actions.onOpenSettings });
  return html`<div class="notice notice-failure" role="alert">
    ${icon('error', 'notice-icon')}
    <p class="notice-title">${problem?.what ?? 'The observation failed'}</p>
    ${
      problem === null
        ? html`<p>${status}</p>`
        : html`${problem.where === '' ? nothing : html`<p class="notice-where">${problem.where}</p>`}
            ${problem.why === '' ? nothing : html`<p class="notice-why">${problem.why}</p>`}
            <p>${problem.next}</p>`
    }
    <div class="notice-actions">${restart(actions)}${showLog(actions)}${settings}</div>
  </div>`;
}

function notice(
  iconName: string,
  title: string,
  text: string,
  actions: readonly TemplateResult[],
): TemplateResult {
  return html`<div class="notice" role="status">
    ${icon(iconName, 'notice-icon')}
    <p class="notice-title">${title}</p>
    <p>${text}</p>
    <div class="notice-actions">${actions}</div>
  </div>`;
}

function line(
  tone: 'info' | 'warning' | 'error',
  text: string,
  actions: readonly TemplateResult[],
): TemplateResult {
  return html`<div class="line-notice line-${tone}" role="status">
    ${icon(tone)}<span>${text}</span>${actions}
  </div>`;
}

const restart = ({ onRestart }: NoticeActions): TemplateResult =>
  button({ label: 'Restart', icon: 'debug-restart', appearance: 'primary', onClick: onRestart });
const showLog = ({ onShowLog }: NoticeActions): TemplateResult =>
  button({ label: 'Show Log', icon: 'output', onClick: onShowLog });
