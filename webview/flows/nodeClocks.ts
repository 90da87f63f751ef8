import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { NodeClock } from '../../src/model/panelMessages.ts';

/** For example "12.5 ms ahead ± 1.5 ms". */
export function clockText({ offset, uncertainty }: NodeClock): string {
  const size = Math.abs(offset);
  const direction = size <= uncertainty ? '' : offset > 0 ? ' ahead' : ' behind';
  return `${milliseconds(size)}${direction} ± ${milliseconds(uncertainty)}`;
}

export function clockTable(clocks: readonly NodeClock[]): TemplateResult {
  return html`<table>
    <caption>
      Clocks of the nodes
    </caption>
    <tbody>
      ${clocks.map(
        (clock) =>
          html`<tr>
            <th scope="row">${clock.node}</th>
            <td class="align-end">${clockText(clock)}</td>
            <td>Against this machine’s clock, which all times are shown by.</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

const milliseconds = (time: number): string => `${Math.round(time * 10) / 10} ms`;
