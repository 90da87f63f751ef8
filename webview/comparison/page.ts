import type { TemplateResult } from 'lit';
import { html, nothing, render } from 'lit';
import type {
  ComparedInterface,
  FromComparisonPage,
  ToComparisonPage,
} from '../../src/model/comparisonMessages.ts';
import type { ComparisonLine } from '../../src/model/interfaceView/comparison.ts';
import { comparison, comparisonText } from '../../src/model/interfaceView/comparison.ts';
import type { InterfaceTraffic } from '../../src/model/interfaceView/interfaceTraffic.ts';
import { button, checkbox } from '../shared/controls.ts';
import type { Host } from '../shared/host.ts';
import { comparisonTable } from './comparisonTable.ts';

export type ComparisonHost = Host<ToComparisonPage, FromComparisonPage>;

/** Interfaces side by side: what each sees of every kind of traffic, and what was counted there. */
export class ComparisonPage {
  readonly #root: HTMLElement;
  readonly #host: ComparisonHost;
  #interfaces: readonly ComparedInterface[] = [];
  #traffic: readonly (InterfaceTraffic | null)[] = [];
  #onlyDifferences = false;

  constructor(root: HTMLElement, host: ComparisonHost) {
    this.#root = root;
    this.#host = host;
    const { pageState } = host;
    this.#onlyDifferences = pageState === ONLY_DIFFERENCES;
    host.onMessage((message) => {
      if (message.type === 'interfaces') this.#interfaces = message.interfaces;
      else this.#traffic = message.traffic;
      this.#draw();
    });
    this.#draw();
    host.post({ type: 'ready' });
  }

  #draw(): void {
    render(
      this.#interfaces.length === 0 ? html`<main class="comparison-page"></main>` : this.#page(),
      this.#root,
    );
  }

  #page(): TemplateResult {
    const lines = this.#lines();
    const different = lines.filter(({ differs }) => differs !== null).length;
    return html`<header class="comparison-head">
        <h1>${this.#interfaces.map(({ interface: { name } }) => name).join(' beside ')}</h1>
        <span class="weak">${different} of ${lines.length} kinds of traffic differ</span>
        <span class="spring"></span>
        ${checkbox({
          label: 'Only differences',
          checked: this.#onlyDifferences,
          onChange: (checked) => this.#showOnlyDifferences(checked),
        })}
        ${button({
          label: 'Choose Interfaces…',
          icon: 'split-horizontal',
          onClick: () => this.#host.post({ type: 'choose' }),
        })}
        ${button({ label: 'Copy as Text', icon: 'copy', onClick: () => this.#copy(lines) })}
      </header>
      <main class="comparison-page" tabindex="0">
        ${this.#notices()}
        ${comparisonTable({
          interfaces: this.#interfaces,
          traffic: this.#traffic,
          lines: lines.filter(({ differs }) => differs !== null || !this.#onlyDifferences),
          open: (place, other, beside) => this.#host.post({ type: 'open', place, interface: other, beside }),
        })}
      </main>`;
  }

  #lines(): ComparisonLine[] {
    return comparison(
      this.#interfaces.map(({ picture }, place) =>
        picture === null
          ? null
          : {
              name: picture.link.name,
              view: picture.view,
              counts: this.#traffic[place]?.counts ?? null,
            },
      ),
    );
  }

  /** What is not observed, or counted in part. */
  #notices(): (TemplateResult | typeof nothing)[] {
    return this.#interfaces.map(({ node, reason, unobserved, interface: { name } }, place) => {
      const only = this.#traffic[place]?.only ?? null;
      const observe = (label: string): TemplateResult =>
        button({ label, icon: 'eye', onClick: () => this.#host.post({ type: 'observe', place }) });
      if (reason !== null) {
        return html`<p class="comparison-notice" role="status">
          <span class="weak">${reason}</span>${unobserved ? observe(`Observe ${node}`) : nothing}
        </p>`;
      }
      if (only === null) return nothing;
      return html`<p class="comparison-notice">
        <span class="weak">Of what passes ${name} the flows of ${only} alone are counted.</span>
        ${observe(`Observe all of ${node}`)}
      </p>`;
    });
  }

  #showOnlyDifferences(only: boolean): void {
    this.#onlyDifferences = only;
    this.#host.keepPageState(only ? ONLY_DIFFERENCES : null);
    this.#draw();
  }

  #copy(lines: readonly ComparisonLine[]): void {
    const names = this.#interfaces.map(({ interface: { name }, node }) => `${name} on ${node}`);
    this.#host.post({ type: 'copy', content: comparisonText(names, lines) });
  }
}

const ONLY_DIFFERENCES = 'only differences';
