import type { TemplateResult } from 'lit';
import { html, nothing, render } from 'lit';
import type {
  FromInterfacePage,
  InterfacePicture,
  ToInterfacePage,
} from '../../src/model/interfaceMessages.ts';
import { ROLE_WORDS } from '../../src/model/roleWords.ts';
import { button, icon } from '../shared/controls.ts';
import type { Host } from '../shared/host.ts';
import { lessonOf, ROLE_ICONS } from '../shared/interfaceWords.ts';
import { facts } from './facts.ts';
import type { OpenInterface } from './interfaceLink.ts';
import { neighbourTable, portTable, forwardingTable, routeTable } from './tables.ts';
import { statisticsTable } from './statisticsTable.ts';
import { trafficTable } from './trafficTable.ts';

export type InterfaceHost = Host<ToInterfacePage, FromInterfacePage>;

/** One interface: what it sees and cannot see, what it is, and what leads to it. Drawn again whenever the host tells of it. */
export class InterfacePage {
  readonly #root: HTMLElement;
  readonly #host: InterfaceHost;
  #picture: InterfacePicture | null = null;
  #reason = 'Waiting for the wiring of the node.';

  constructor(root: HTMLElement, host: InterfaceHost) {
    this.#root = root;
    this.#host = host;
    host.onMessage((message) => this.#receive(message));
    this.#draw();
    host.post({ type: 'ready' });
  }

  #receive(message: ToInterfacePage): void {
    if (message.type === 'interface') this.#picture = message.picture;
    else {
      this.#picture = null;
      this.#reason = message.reason;
    }
    this.#draw();
  }

  #draw(): void {
    render(this.#picture === null ? this.#empty() : this.#page(this.#picture), this.#root);
  }

  #empty(): TemplateResult {
    return html`<main class="interface-page">
      <p class="weak interface-notice" role="status">${this.#reason}</p>
    </main>`;
  }

  #page(picture: InterfacePicture): TemplateResult {
    const { link, view, inside, owner } = picture;
    const open: OpenInterface = (other, beside) =>
      this.#host.post({ type: 'open', interface: other, beside });
    return html`${this.#head(picture)}
      <main class="interface-page" tabindex="0">
        <p class="lesson">${icon('lightbulb')}<span>${lessonOf({ role: link.role, pod: inside })}</span></p>
        ${view.notes.map((note) => html`<p class="interface-notice warning" role="status">${icon('warning')}${note}</p>`)}
        <div class="columns">
          <section aria-labelledby="seen">
            <h2 id="seen">What passes here</h2>
            ${trafficTable(view.lines, owner !== null, open)}
          </section>
          <aside aria-label="About the interface">
            <h2>Interface</h2>
            ${facts(picture, open)}
            <h2>Traffic</h2>
            ${statisticsTable(picture)}
          </aside>
        </div>
        ${portTable(picture, open)} ${forwardingTable(picture)} ${routeTable(picture)}
        ${neighbourTable(picture)}
      </main>`;
  }

  #head({ link, node, owner, inside, text }: InterfacePicture): TemplateResult {
    const pod = owner === null ? null : `${owner.namespace}/${owner.name}`;
    const where = inside === null ? `node ${node}` : `inside the pod, on node ${node}`;
    const role = inside === null || link.role === 'loopback' ? ROLE_WORDS[link.role] : 'interface';
    return html`<header class="interface-head">
      <h1>${icon(ROLE_ICONS[link.role])}${link.name}</h1>
      <span class="weak">${role} · ${where}${pod === null ? nothing : html` · pod ${pod}`}</span>
      <span class="spring"></span>
      ${button({ label: 'Show Flows', icon: 'pulse', onClick: () => this.#host.post({ type: 'showFlows' }) })}
      ${button({
        label: 'Copy as Text',
        icon: 'copy',
        onClick: () => this.#host.post({ type: 'copy', content: text }),
      })}
    </header>`;
  }
}
