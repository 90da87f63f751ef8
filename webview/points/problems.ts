import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { FlowPath, Way } from '../../src/model/path/flowPath.ts';
import { formatPlural } from '../../src/model/format.ts';
import { icon } from '../shared/controls.ts';
import { dropMeaning } from './words.ts';

/** What does not arrive, and why: before anything else. */
export function problems({ request, reply }: FlowPath): TemplateResult[] {
  return [...wayProblems('request', request), ...wayProblems('reply', reply)];
}

function wayProblems(name: string, { losses, ending }: Way): TemplateResult[] {
  const packets = losses.filter(({ isOfCopies }) => !isOfCopies);
  const lost = packets.map(({ drop, place }) => {
    const meaning = dropMeaning(drop.reason);
    const head = `The kernel dropped ${formatPlural(drop.packets, 'packet')} of the ${name}`;
    return notice(name, head, `at ${place}: ${drop.reason}${meaning === null ? '' : `, ${meaning}`}.`);
  });
  if (ending.kind === 'stopped') return [...lost, notice(name, `The ${name} stops:`, `${ending.text}.`)];
  if (ending.kind === 'misaddressed') return [...lost, notice(name, `The ${name}`, `${ending.text}.`)];
  return lost;
}

function notice(way: string, head: string, text: string): TemplateResult {
  return html`<p class="path-notice problem" role="status" data-way=${way}>
    ${icon('error')}<span><strong>${head}</strong> ${text}</span>
  </p>`;
}
