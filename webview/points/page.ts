import type { TemplateResult } from 'lit';
import { html, nothing, render } from 'lit';
import { endpointText } from '../../src/model/endpoint.ts';
import { formatPlural, formatTime } from '../../src/model/format.ts';
import type { FlowPathPicture, FromPointsPage, ToPointsPage } from '../../src/model/pointsMessages.ts';
import { button, icon } from '../shared/controls.ts';
import type { Host } from '../shared/host.ts';
import { lessonOf } from '../shared/interfaceWords.ts';
import { diagram } from './diagram.ts';
import { pathLessons } from './pathLessons.ts';
import { problems } from './problems.ts';
import { pointTable } from './pointTable.ts';
import { standaloneSvg } from './standaloneSvg.ts';

export type PointsHost = Host<ToPointsPage, FromPointsPage>;

/** The path of one flow, drawn again whenever the host tells of it. */
export class PointsPage {
  readonly #root: HTMLElement;
  readonly #host: PointsHost;
  #picture: FlowPathPicture | null = null;
  #reason = 'Waiting for the flow and the wiring of its nodes.';
  #selected: string | null = null;

  constructor(root: HTMLElement, host: PointsHost) {
    this.#root = root;
    this.#host = host;
    host.onMessage((message) => this.#receive(message));
    this.#draw();
    host.post({ type: 'ready' });
  }

  #receive(message: ToPointsPage): void {
    // For who measures what a user waits for: the frame after the first drawing.
    if (message.type === 'path' && this.#picture === null) {
      requestAnimationFrame(() => performance.mark('drawn'));
    }
    if (message.type === 'path') this.#picture = message.picture;
    else {
      this.#picture = null;
      this.#reason = message.reason;
    }
    this.#draw();
  }

  #select(key: string): void {
    this.#selected = this.#selected === key ? null : key;
    this.#draw();
  }

  #draw(): void {
    render(this.#picture === null ? this.#empty() : this.#page(this.#picture), this.#root);
  }

  #empty(): TemplateResult {
    return html`<main class="points-page"><p class="weak path-notice">${this.#reason}</p></main>`;
  }

  #page(picture: FlowPathPicture): TemplateResult {
    const { path } = picture;
    const points = [...path.request.points, ...path.reply.points];
    const unexplained = points.filter(({ blank }) => blank?.kind === 'unexplained').length;
    return html`<header class="path-head">
        <h1>
          ${endpointText(picture.client)} ${icon('arrow-right')}
          ${picture.service === null ? nothing : html`${picture.service} ${icon('arrow-right')}`}
          ${endpointText(picture.server)}
        </h1>
        <span class="weak">${picture.protocol} port ${picture.server.port} · ${picture.verdict}</span>
        <span class="spring"></span>
        ${button({ label: 'Copy as Text', icon: 'copy', onClick: () => this.#copy('text', picture.text) })}
        ${button({ label: 'Copy as SVG', icon: 'file-media', onClick: () => this.#copyPicture() })}
      </header>
      <main class="points-page">
        ${problems(path)}
        ${
          picture.changed === null
            ? nothing
            : html`<p class="path-notice" role="status">
                ${icon('history')}The packets’ way changed at ${formatTime(picture.changed)}. Counts are those
                since the flow began.
              </p>`
        }
        ${
          unexplained === 0
            ? nothing
            : html`<p class="path-notice unexplained" role="status">
                ${icon('question')}${formatPlural(unexplained, 'point')} should have seen packets and did not.
                We do not know why.
              </p>`
        }
        ${picture.unobserved.map(
          (node) =>
            html`<p class="path-notice" role="status">
              ${icon('eye-closed')}${node} is not observed: what happened there is not known.
              ${button({ label: `Observe ${node}`, onClick: () => this.#host.post({ type: 'observeNode', node }) })}
            </p>`,
        )}
        <div class="drawing" tabindex="0" role="region" aria-label="Drawing of the path">
          ${diagram({ path, selected: this.#selected, onSelect: (key) => this.#select(key) })}
        </div>
        ${this.#lesson(picture)}
        <div class="path-table" tabindex="0" role="region" aria-label="Table of the points">
          ${pointTable(picture, this.#selected)}
        </div>
        ${pathLessons(path)}
      </main>`;
  }

  #lesson({ path }: FlowPathPicture): TemplateResult | typeof nothing {
    const all = [...path.request.points, ...path.reply.points, ...path.bystanders];
    const found = all.find(({ node, netns, ifindex }) => `${node}/${netns}/${ifindex}` === this.#selected);
    if (found === undefined) return html`<p class="lesson weak">Choose an interface to see how it works.</p>`;
    return html`<p class="lesson" role="status">
      ${icon('lightbulb')}<strong>${found.interface}</strong> ${lessonOf(found)}
    </p>`;
  }

  #copy(what: 'text' | 'picture', content: string): void {
    this.#host.post({ type: 'copy', what, content });
  }

  #copyPicture(): void {
    const drawing = this.#root.querySelector<SVGSVGElement>('svg.diagram');
    if (drawing !== null) this.#copy('picture', standaloneSvg(drawing));
  }
}
