import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { LESSONS } from '../../src/model/lessons.ts';
import type { Finding, NetworkStep } from '../../src/model/podNetwork/networkStep.ts';
import { stepNumbers } from '../../src/model/podNetwork/podNetworkText.ts';
import type { OpenInterface } from '../shared/interfaceLink.ts';
import { interfaceLink } from '../shared/interfaceLink.ts';
import { icon, iconButton } from '../shared/controls.ts';
import { lessonOfStep } from './stepLessons.ts';

export interface StepListOptions {
  readonly steps: readonly NetworkStep[];
  /** Index of the step that is chosen; null where all are shown. */
  readonly chosen: number | null;
  readonly onChoose: (index: number) => void;
  readonly onCopy: (content: string) => void;
  readonly open: OpenInterface;
}

/** Every step with its sentence, its commands and what proves it. */
export function stepList(options: StepListOptions): TemplateResult {
  return html`<ol class="steps" aria-label="Steps">
    ${options.steps.map((step, index) => stepItem(step, index, options))}
  </ol>`;
}

function stepItem(step: NetworkStep, index: number, options: StepListOptions): TemplateResult {
  const { steps, chosen, onChoose, open } = options;
  const { title, sentence, findings, inferred, needs, scope, kind } = step;
  const isChosen = chosen === index;
  const lesson = lessonOfStep(step, steps);
  const numbers = stepNumbers(needs, steps);
  return html`<li class="step ${isChosen ? 'chosen' : ''}" data-kind=${kind} data-index=${index}>
    <h2>
      <button class="step-title" aria-pressed=${isChosen} @click=${() => onChoose(index)}>
        <span class="number">${index + 1}</span>${title}
      </button>
      ${scope === 'node' ? html`<span class="tag">once for the node</span>` : nothing}
      ${inferred === null ? nothing : html`<span class="tag tag-inferred">inferred</span>`}
      <span class="spring"></span>
      ${numbers.length === 0 ? nothing : html`<span class="weak needs">needs ${numbers.join(', ')}</span>`}
    </h2>
    <p>${sentence}</p>
    ${commandBlock(step, options.onCopy)}
    ${
      findings.length === 0
        ? nothing
        : html`<dl class="findings">${findings.map((finding) => findingRow(finding, open))}</dl>`
    }
    ${inferred === null ? nothing : html`<p class="inferred">${icon('question')}<span>${inferred}</span></p>`}
    ${lesson === null ? nothing : html`<p class="lesson weak">${icon('lightbulb')}<span>${LESSONS[lesson]}</span></p>`}
    ${lookLine(step)}
  </li>`;
}

function commandBlock(
  { commands }: NetworkStep,
  copy: (content: string) => void,
): TemplateResult | typeof nothing {
  if (commands.length === 0) return nothing;
  const label = commands.length === 1 ? 'Copy the command' : 'Copy the commands';
  return html`<div class="commands">
    <pre tabindex="0" role="region" aria-label="By hand"><code>${commands.join('\n')}</code></pre>
    ${iconButton({ label, icon: 'copy', onClick: () => copy(commands.join('\n')) })}
  </div>`;
}

function findingRow({ name, value, interface: reference }: Finding, open: OpenInterface): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    <dd>${reference === null ? value : linked(value, reference, open)}</dd>
  </div>`;
}

/** The interface's name within the text leads to its view; where it is not named, it stands behind. */
function linked(
  value: string,
  reference: NonNullable<Finding['interface']>,
  open: OpenInterface,
): TemplateResult {
  const at = value.search(new RegExp(`(?<![\\w.-])${escaped(reference.name)}(?![\\w-])`));
  const link = interfaceLink(reference, open);
  if (at < 0) return html`${value} (${link})`;
  return html`${value.slice(0, at)}${link}${value.slice(at + reference.name.length)}`;
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

function lookLine({ look }: NetworkStep): TemplateResult | typeof nothing {
  if (look.length === 0) return nothing;
  return html`<p class="look weak">
    <span>See it on the node:</span> ${look.map((command) => html`<code>${command}</code> `)}
  </p>`;
}
