import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { Verdict } from '../../src/model/flow.ts';
import { VERDICTS } from '../../src/model/flowRecord.ts';
import { formatCount } from '../../src/model/format.ts';
import type {
  FlowFilter,
  FlowGrouping,
  FlowsPanelState,
  SessionPhase,
} from '../../src/model/panelMessages.ts';
import { button, checkbox, dropdown, icon, iconButton, menuButton, textField } from '../shared/controls.ts';
import { filterHint } from './filterHint.ts';
import { VERDICT_LOOKS } from './words.ts';

export interface ToolbarActions {
  readonly onFilter: (filter: FlowFilter) => void;
  readonly onGroup: (by: FlowGrouping) => void;
  readonly onOpenGroups: (open: boolean) => void;
  /** The choice of columns was asked for, at a place of the window. */
  readonly onColumns: (at: { readonly x: number; readonly y: number }) => void;
  readonly onPause: (paused: boolean) => void;
  readonly onStop: () => void;
  readonly onRestart: () => void;
}

export interface Counts {
  readonly matching: number;
  readonly total: number;
}

const PHASES: Readonly<Record<SessionPhase, { icon: string; label: string }>> = {
  starting: { icon: 'sync', label: 'Starting' },
  running: { icon: 'circle-filled', label: 'Live' },
  reconnecting: { icon: 'sync', label: 'Reconnecting' },
  stopped: { icon: 'circle-slash', label: 'Stopped' },
  failed: { icon: 'error', label: 'Failed' },
};

const ANY_VERDICT = 'any';
const VERDICT_CHOICES = [
  { value: ANY_VERDICT, label: 'All verdicts' },
  ...VERDICTS.map((verdict) => ({ value: verdict, label: VERDICT_LOOKS[verdict].label })),
];

const GROUPING_CHOICES: readonly { readonly value: FlowGrouping; readonly label: string }[] = [
  { value: 'none', label: 'Not grouped' },
  { value: 'client', label: 'By client workload' },
  { value: 'server', label: 'By server workload' },
  { value: 'service', label: 'By Service' },
];

/** Two lines: what is observed and what can be done about it; what of it is shown. A third helps with the filter. */
export function toolbar(state: FlowsPanelState, counts: Counts, actions: ToolbarActions): TemplateResult {
  return html`<div class="toolbar-line">
      ${phaseMark(state)}
      <h1 class="title">${state.title}</h1>
      <span class="scope" title=${state.scope}>${state.scope}</span>
      <span class="spring"></span>
      ${controls(state, actions)}
    </div>
    <div class="toolbar-line" role="search" aria-label="Filter flows">
      ${filterFields(state.filter, actions)}
      <span class="spring"></span>
      <span class="counts">${countsText(counts)}</span>
      ${tableControls(state, actions)}
    </div>
    ${filterHint(state.filter.text, (text) => actions.onFilter({ ...state.filter, text }))}`;
}

function phaseMark({ phase, paused }: FlowsPanelState): TemplateResult {
  const shown = paused ? { icon: 'debug-pause', label: 'Paused' } : PHASES[phase];
  const turning = shown.icon === 'sync' ? 'codicon-modifier-spin' : '';
  return html`<span class="phase phase-${paused ? 'paused' : phase}"
    >${icon(shown.icon, turning)}<span>${shown.label}</span></span
  >`;
}

function controls({ phase, paused }: FlowsPanelState, actions: ToolbarActions): TemplateResult {
  const { onPause, onStop, onRestart } = actions;
  const pause = paused
    ? button({
        label: 'Resume',
        icon: 'debug-continue',
        appearance: 'primary',
        onClick: () => onPause(false),
      })
    : button({ label: 'Pause', icon: 'debug-pause', onClick: () => onPause(true) });
  const stop = button({ label: 'Stop', icon: 'debug-stop', onClick: onStop });
  switch (phase) {
    case 'starting':
      return stop;
    case 'running':
    case 'reconnecting':
      return html`${pause}${stop}`;
    case 'stopped':
      return html`${paused ? pause : nothing}${button({ label: 'Restart', icon: 'debug-restart', onClick: onRestart })}`;
    case 'failed':
      // The notice offers what there is to do.
      return html`${paused ? pause : nothing}`;
  }
}

function filterFields(filter: FlowFilter, { onFilter }: ToolbarActions): TemplateResult {
  const clear = (): void => onFilter({ ...filter, text: '' });
  return html`${textField({
    label: 'Filter flows by name, address, port, protocol or verdict, or by interface: or point:',
    placeholder: 'Filter by name, address, port, protocol or verdict',
    value: filter.text,
    icon: 'filter',
    className: 'filter',
    onInput: (text) => onFilter({ ...filter, text }),
    onCancel: clear,
    end: filter.text === '' ? nothing : iconButton({ label: 'Clear Filter', icon: 'close', onClick: clear }),
  })}
  ${dropdown({
    label: 'Verdict',
    value: filter.verdict ?? ANY_VERDICT,
    choices: VERDICT_CHOICES,
    onChange: (value) => onFilter({ ...filter, verdict: value === ANY_VERDICT ? null : (value as Verdict) }),
  })}
  ${checkbox({
    label: 'Ended flows',
    checked: filter.ended,
    onChange: (ended) => onFilter({ ...filter, ended }),
  })}`;
}

/** How the table is arranged. */
function tableControls({ grouping }: FlowsPanelState, actions: ToolbarActions): TemplateResult {
  const { onGroup, onOpenGroups, onColumns } = actions;
  const openAll = iconButton({ label: 'Expand All', icon: 'expand-all', onClick: () => onOpenGroups(true) });
  const closeAll = iconButton({
    label: 'Collapse All',
    icon: 'collapse-all',
    onClick: () => onOpenGroups(false),
  });
  return html`<span class="arrangement"
    >${dropdown({
      label: 'Group flows',
      value: grouping,
      choices: GROUPING_CHOICES,
      onChange: (value) => onGroup(value as FlowGrouping),
    })}${grouping === 'none' ? nothing : html`${openAll}${closeAll}`}
    ${menuButton({ label: 'Columns', icon: 'list-selection', onOpen: onColumns })}</span
  >`;
}

function countsText({ matching, total }: Counts): string {
  if (matching === total) return `${formatCount(total)} ${total === 1 ? 'flow' : 'flows'}`;
  return `${formatCount(matching)} of ${formatCount(total)} flows`;
}
