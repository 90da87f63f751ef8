import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { flowQuery, queryCompletions } from '../../src/model/flowQuery.ts';
import { button, icon } from '../shared/controls.ts';

/** Below the filter: what its last word may become, and what is wrong with it. */
export function filterHint(text: string, onChoose: (text: string) => void): TemplateResult | typeof nothing {
  const { problem } = flowQuery(text);
  const offers = queryCompletions(text);
  if (problem === null && offers.length === 0) return nothing;
  const wrong =
    problem === null
      ? nothing
      : html`<span class="filter-problem" role="status">${icon('warning')}${problem.message}</span>`;
  return html`<div class="toolbar-line filter-hint" role="group" aria-label="Help for the filter">
    ${offers.map((offer) => button({ label: lastWord(offer), onClick: () => onChoose(offer) }))}${wrong}
  </div>`;
}

const lastWord = (text: string): string => /\S+$/.exec(text)?.[0] ?? text;
