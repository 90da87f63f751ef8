import type { TemplateResult } from 'lit';
import { html, nothing, render } from 'lit';
import type {
  FromPodNetworkPage,
  PodNetworkPicture,
  ToPodNetworkPage,
} from '../../src/model/podNetworkMessages.ts';
import { button, icon } from '../shared/controls.ts';
import type { Host } from '../shared/host.ts';
import { drawing } from './drawing.ts';
import { stepList } from './stepList.ts';

export type PodNetworkHost = Host<ToPodNetworkPage, FromPodNetworkPage>;

/** How a pod got its network, step by step. Drawn again whenever the host tells of it. */
export class PodNetworkPage {
  readonly #root: HTMLElement;
  readonly #host: PodNetworkHost;
  #picture: PodNetworkPicture | null = null;
  #reason = 'Waiting for the wiring of the node.';
  /** Why what is shown is over; null while the pod is there. */
  #gone: string | null = null;
  #chosen: number | null = null;

  constructor(root: HTMLElement, host: PodNetworkHost) {
    this.#root = root;
    this.#host = host;
    host.onMessage((message) => this.#receive(message));
    this.#draw();
    host.post({ type: 'ready' });
  }

  #receive(message: ToPodNetworkPage): void {
    if (message.type === 'network') {
      this.#picture = message.picture;
      this.#gone = null;
      const { length } = message.picture.network.steps;
      if (this.#chosen !== null && this.#chosen >= length) this.#chosen = null;
    } else if (message.type === 'gone' && this.#picture !== null) this.#gone = message.reason;
    else {
      this.#picture = null;
      this.#reason = message.reason;
    }
    this.#draw();
  }

  #choose(index: number | null): void {
    this.#chosen = this.#chosen === index ? null : index;
    this.#draw();
    if (this.#chosen === null) return;
    this.#root.querySelector(`.step[data-index="${this.#chosen}"]`)?.scrollIntoView({ block: 'start' });
  }

  #draw(): void {
    render(this.#picture === null ? this.#empty() : this.#page(this.#picture), this.#root);
  }

  #empty(): TemplateResult {
    return html`<main class="pod-network-page">
      <p class="weak network-notice" role="status">${this.#reason}</p>
    </main>`;
  }

  #page(picture: PodNetworkPicture): TemplateResult {
    const { network, text } = picture;
    const { pod, node, steps, notes } = network;
    return html`<header class="network-head">
        <h1>${icon('package')}${pod.namespace}/${pod.name}</h1>
        <span class="weak">how it got its network · node ${node}</span>
        <span class="spring"></span>
        ${button({ label: 'Copy as Text', icon: 'copy', onClick: () => this.#copy(text) })}
      </header>
      <main class="pod-network-page">
        ${
          this.#gone === null
            ? nothing
            : html`<p class="network-notice warning" role="status">${icon('warning')}${this.#gone}</p>`
        }
        <section class="stage" aria-label="What the steps make">
          <div class="drawing" tabindex="0" role="region" aria-label="Drawing">
            ${drawing({ network, drawing: picture.drawing, chosen: this.#chosen })}
          </div>
          ${this.#walk(steps.length)}
        </section>
        ${stepList({
          steps,
          chosen: this.#chosen,
          onChoose: (index) => this.#choose(index),
          onCopy: (content) => this.#copy(content),
          open: (reference, beside) => this.#host.post({ type: 'open', interface: reference, beside }),
        })}
        ${notes.map((note) => html`<p class="network-notice weak">${icon('info')}<span>${note}</span></p>`)}
      </main>`;
  }

  /** Goes through the steps, so that the drawing grows. */
  #walk(count: number): TemplateResult {
    const chosen = this.#chosen;
    const before = chosen === null ? null : chosen - 1;
    const after = chosen === null ? 0 : chosen + 1;
    return html`<div class="walk">
      ${button({
        label: 'Previous',
        icon: 'chevron-left',
        disabled: before === null || before < 0,
        onClick: () => this.#choose(before),
      })}
      ${button({
        label: chosen === null ? 'Step by Step' : 'Next',
        icon: 'chevron-right',
        disabled: after >= count,
        onClick: () => this.#choose(after),
      })}
      <span class="weak" role="status">
        ${chosen === null ? `All ${count} steps` : `Step ${chosen + 1} of ${count}`}
      </span>
      ${
        chosen === null
          ? nothing
          : button({ label: 'Show All', icon: 'list-flat', onClick: () => this.#choose(null) })
      }
    </div>`;
  }

  #copy(content: string): void {
    this.#host.post({ type: 'copy', content });
  }
}
