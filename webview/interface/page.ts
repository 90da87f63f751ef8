import type { TemplateResult } from 'lit';
import { html, nothing, render } from 'lit';
import type {
  FromInterfacePage,
  InterfacePicture,
  ToInterfacePage,
} from '../../src/model/interfaceMessages.ts';
import { countedView } from '../../src/model/interfaceView/countedView.ts';
import type { InterfaceTraffic } from '../../src/model/interfaceView/interfaceTraffic.ts';
import { interfaceViewText } from '../../src/model/interfaceView/interfaceViewText.ts';
import { ROLE_WORDS } from '../../src/model/roleWords.ts';
import { button, icon } from '../shared/controls.ts';
import type { Host } from '../shared/host.ts';
import { lessonOf, ROLE_ICONS } from '../shared/interfaceWords.ts';
import { facts } from './facts.ts';
import type { OpenInterface } from '../shared/interfaceLink.ts';
import { neighbourTable, portTable, forwardingTable, routeTable } from './tables.ts';
import { statisticsTable } from './statisticsTable.ts';
import { seenFlows } from './seenFlows.ts';
import { contradictions, trafficTable } from './trafficTable.ts';

export type InterfaceHost = Host<ToInterfacePage, FromInterfacePage>;

/** One interface: what it sees and cannot see, what it is, and what leads to it. Drawn again whenever the host tells of it. */
export class InterfacePage {
  readonly #root: HTMLElement;
  readonly #host: InterfaceHost;
  #picture: InterfacePicture | null = null;
  #traffic: InterfaceTraffic | null = null;
  #reason = 'Waiting for the wiring of the node.';
  /** The node that is not observed. */
  #unobserved: string | null = null;

  constructor(root: HTMLElement, host: InterfaceHost) {
    this.#root = root;
    this.#host = host;
    host.onMessage((message) => this.#receive(message));
    this.#draw();
    host.post({ type: 'ready' });
  }

  #receive(message: ToInterfacePage): void {
    switch (message.type) {
      case 'interface':
        if (!isSame(this.#picture, message.picture)) this.#traffic = null;
        this.#picture = message.picture;
        break;
      case 'traffic':
        this.#traffic = message.traffic;
        break;
      case 'nothing':
        this.#picture = null;
        this.#reason = message.reason;
        this.#unobserved = message.unobserved;
    }
    this.#draw();
  }

  #draw(): void {
    render(this.#picture === null ? this.#empty() : this.#page(this.#picture), this.#root);
  }

  #empty(): TemplateResult {
    return html`<main class="interface-page">
      <p class="weak interface-notice" role="status">${this.#reason}</p>
      ${this.#unobserved === null ? nothing : this.#observeButton(`Observe ${this.#unobserved}`)}
    </main>`;
  }

  #page(picture: InterfacePicture): TemplateResult {
    const { link, view, inside, owner } = picture;
    const traffic = this.#traffic;
    const open: OpenInterface = (other, beside) =>
      this.#host.post({ type: 'open', interface: other, beside });
    return html`${this.#head(picture)}
      <main class="interface-page" tabindex="0">
        <p class="lesson">${icon('lightbulb')}<span>${lessonOf({ role: link.role, pod: inside })}</span></p>
        ${view.notes.map((note) => html`<p class="interface-notice warning" role="status">${icon('warning')}${note}</p>`)}
        <div class="columns">
          <section aria-labelledby="seen">
            <h2 id="seen">What passes here</h2>
            ${this.#counting(picture)} ${trafficTable({ view, traffic, isPodWire: owner !== null, open })}
          </section>
          <aside aria-label="About the interface">
            <h2>Interface</h2>
            ${facts(picture, open)}
            <h2>Traffic</h2>
            ${statisticsTable(picture)}
          </aside>
        </div>
        ${traffic === null ? nothing : seenFlows(traffic, (flow) => this.#host.post({ type: 'showPath', flow }))}
        ${portTable(picture, open)} ${forwardingTable(picture)} ${routeTable(picture)}
        ${neighbourTable(picture)}
      </main>`;
  }

  /** What is counted since when, and what is wrong with it. */
  #counting({ view, node }: InterfacePicture): TemplateResult {
    const traffic = this.#traffic;
    if (traffic === null) {
      return html`<p class="interface-notice">
        <span class="weak">Nothing is counted here: no session observes ${node}.</span>
        ${this.#observeButton(`Observe ${node}`)}
      </p>`;
    }
    const wrong = contradictions(view, traffic);
    const since = new Date(traffic.since).toLocaleTimeString();
    return html`${
      traffic.only === null
        ? html`<p class="weak counting">Counted since ${since}, once a second.</p>`
        : html`<p class="interface-notice counting">
            <span class="weak">Counted since ${since}: the flows of ${traffic.only} alone.</span>
            ${this.#observeButton(`Observe all of ${node}`)}
          </p>`
    }
    ${
      wrong.length === 0
        ? nothing
        : html`<p class="interface-notice warning contradictions">
            ${icon('warning')}${wrong.length === 1 ? 'One kind of traffic was' : `${wrong.length} kinds of traffic were`}
            counted here although the table says that none passes.
          </p>`
    }`;
  }

  #observeButton(label: string): TemplateResult {
    return button({ label, icon: 'eye', onClick: () => this.#host.post({ type: 'observe' }) });
  }

  #copy({ view }: InterfacePicture): void {
    const traffic = this.#traffic;
    const shown = traffic === null ? view : countedView(view, traffic.counts);
    this.#host.post({ type: 'copy', content: interfaceViewText(shown) });
  }

  #head(picture: InterfacePicture): TemplateResult {
    const { link, node, owner, inside } = picture;
    const pod = owner === null ? null : `${owner.namespace}/${owner.name}`;
    const where = inside === null ? `node ${node}` : `inside the pod, on node ${node}`;
    const role = inside === null || link.role === 'loopback' ? ROLE_WORDS[link.role] : 'interface';
    return html`<header class="interface-head">
      <h1>${icon(ROLE_ICONS[link.role])}${link.name}</h1>
      <span class="weak">${role} · ${where}${pod === null ? nothing : html` · pod ${pod}`}</span>
      <span class="spring"></span>
      ${button({ label: 'Show Flows', icon: 'pulse', onClick: () => this.#host.post({ type: 'showFlows' }) })}
      ${button({
        label: 'Compare With…',
        icon: 'split-horizontal',
        onClick: () => this.#host.post({ type: 'compare' }),
      })}
      ${button({
        label: 'Copy as Text',
        icon: 'copy',
        onClick: () => this.#copy(picture),
      })}
    </header>`;
  }
}

function isSame(one: InterfacePicture | null, other: InterfacePicture): boolean {
  return one?.netns === other.netns && one.link.ifindex === other.link.ifindex && one.node === other.node;
}
