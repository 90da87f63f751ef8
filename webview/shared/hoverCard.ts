import type { TemplateResult } from 'lit';
import { render } from 'lit';

/** Before a card shows, so that a pointer on its way elsewhere raises none. As VS Code's own hovers. */
const SHOW_MILLISECONDS = 400;
/** In which the pointer may go from what is described into the card. */
const HIDE_MILLISECONDS = 150;
/** Pixels between card, what it describes and the window's edge. */
const GAP = 2;
const EDGE = 8;

const CARD_ID = 'hover-card';
const descriptions = new WeakMap<Element, () => TemplateResult>();

/** Gives an element words that show when it is pointed at or focused; null takes them away. */
export function describe(element: HTMLElement, words: (() => TemplateResult) | null): void {
  if (words === null) {
    descriptions.delete(element);
    element.classList.remove('described');
    return;
  }
  descriptions.set(element, words);
  element.classList.add('described');
}

/**
 * One card for all described elements inside a root: shown by pointer and by keyboard, closed by Escape, and one can
 * point into it (WCAG 1.4.13). The element that has the focus is described by it before it shows.
 */
export class HoverCard {
  readonly #root: HTMLElement;
  readonly #card = document.createElement('div');
  #anchor: HTMLElement | null = null;
  #timer = 0;

  /** The card is put into the document's body. */
  constructor(root: HTMLElement) {
    this.#root = root;
    this.#card.id = CARD_ID;
    this.#card.className = 'hover-card';
    this.#card.setAttribute('role', 'tooltip');
    this.#card.hidden = true;
    document.body.append(this.#card);
    root.addEventListener('pointerover', (event) => this.#pointed(event.target));
    root.addEventListener('pointerleave', () => this.#leave());
    root.addEventListener('focusin', (event) => this.#focused(event.target));
    root.addEventListener('focusout', () => this.#close());
    root.addEventListener('pointerdown', () => this.#close());
    root.addEventListener('scroll', () => this.#close(), { passive: true, capture: true });
    this.#card.addEventListener('pointerenter', () => clearTimeout(this.#timer));
    this.#card.addEventListener('pointerleave', () => this.#leave());
    window.addEventListener('resize', () => this.#close());
    window.addEventListener('blur', () => this.#close());
    document.addEventListener('keydown', (event) => this.#pressed(event), { capture: true });
  }

  /** Says the same as the rows after they were drawn again. */
  refresh(): void {
    if (this.#anchor === null) return;
    if (!descriptions.has(this.#anchor) || this.#anchor.offsetParent === null) this.#close();
    else this.#draw();
  }

  #pointed(target: EventTarget | null): void {
    const element = describedAt(target);
    if (element === this.#anchor && element !== null) {
      if (!this.#card.hidden) clearTimeout(this.#timer);
      return;
    }
    if (element === null) this.#leave();
    else this.#approach(element);
  }

  #focused(target: EventTarget | null): void {
    const element = describedAt(target);
    // A click focuses too; that is no wish to read.
    if (!element?.matches(':focus-visible')) return;
    this.#approach(element);
  }

  #approach(element: HTMLElement): void {
    // From one card to the next there is nothing to wait for.
    const wait = this.#card.hidden ? SHOW_MILLISECONDS : HIDE_MILLISECONDS;
    clearTimeout(this.#timer);
    if (this.#card.hidden) this.#take(element);
    this.#timer = window.setTimeout(() => {
      if (this.#anchor !== element) this.#take(element);
      this.#show();
    }, wait);
  }

  #take(element: HTMLElement): void {
    this.#anchor?.removeAttribute('aria-describedby');
    this.#anchor = element;
    element.setAttribute('aria-describedby', CARD_ID);
    this.#draw();
  }

  #show(): void {
    if (this.#anchor === null || !this.#anchor.isConnected || this.#anchor.offsetParent === null) return;
    this.#card.hidden = false;
    this.#card.scrollTop = 0;
    this.#place(this.#anchor);
  }

  #draw(): void {
    const words = this.#anchor === null ? undefined : descriptions.get(this.#anchor);
    if (words !== undefined) render(words(), this.#card);
    if (this.#anchor !== null && !this.#card.hidden) this.#place(this.#anchor);
  }

  /** Below, else above, and always whole inside the window. */
  #place(anchor: HTMLElement): void {
    const { style, scrollTop } = this.#card;
    const at = anchor.getBoundingClientRect();
    const seen = this.#root.getBoundingClientRect();
    const below = window.innerHeight - at.bottom - GAP - EDGE;
    const above = at.top - GAP - EDGE;
    style.maxHeight = '';
    const { offsetWidth, offsetHeight } = this.#card;
    const isBelow = offsetHeight <= below || below >= above;
    style.maxHeight = `${isBelow ? below : above}px`;
    const height = Math.min(offsetHeight, isBelow ? below : above);
    const left = Math.min(Math.max(at.left, seen.left, EDGE), window.innerWidth - offsetWidth - EDGE);
    style.left = `${Math.max(EDGE, left)}px`;
    style.top = `${isBelow ? at.bottom + GAP : at.top - GAP - height}px`;
    // To measure it was to show all of it.
    this.#card.scrollTop = scrollTop;
  }

  #leave(): void {
    clearTimeout(this.#timer);
    if (this.#card.hidden) this.#close();
    else this.#timer = window.setTimeout(() => this.#close(), HIDE_MILLISECONDS);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#card.hidden = true;
    this.#anchor?.removeAttribute('aria-describedby');
    this.#anchor = null;
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || this.#card.hidden) return;
    // It closes the card alone, not also what is open below.
    event.stopPropagation();
    event.preventDefault();
    this.#close();
  }
}

function describedAt(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('.described') : null;
}
