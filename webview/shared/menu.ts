/** A choice of a menu that is on or off. */
export interface MenuCheck {
  readonly label: string;
  readonly checked: boolean;
  /** Whether it cannot be changed now. */
  readonly disabled: boolean;
}

export interface MenuOptions {
  readonly label: string;
  /** Asked again after each choice. */
  readonly items: () => readonly MenuCheck[];
  readonly onChoose: (index: number) => void;
  /** Where its corner is, in pixels of the window; it is moved inside where that is at the edge. */
  readonly at: { readonly x: number; readonly y: number };
}

const EDGE = 4;

/** Opens a menu of checks that stays open while one chooses; Escape, Tab and a click elsewhere close it. */
export function openMenu(options: MenuOptions): void {
  new Menu(options).show();
}

class Menu {
  readonly #options: MenuOptions;
  readonly #element = document.createElement('div');
  readonly #before = document.activeElement;
  readonly #outside = (event: Event): void => {
    if (!(event.target instanceof Node && this.#element.contains(event.target))) this.#close(false);
  };
  readonly #away = (): void => this.#close(false);

  constructor(options: MenuOptions) {
    this.#options = options;
    this.#element.className = 'menu';
    this.#element.setAttribute('role', 'menu');
    this.#element.setAttribute('aria-label', options.label);
    this.#element.append(...options.items().map((_, index) => this.#newItem(index)));
    this.#element.addEventListener('keydown', (event) => this.#pressed(event));
  }

  show(): void {
    document.body.append(this.#element);
    this.#draw();
    const { offsetWidth, offsetHeight, style } = this.#element;
    const { x, y } = this.#options.at;
    style.left = `${Math.max(EDGE, Math.min(x, window.innerWidth - offsetWidth - EDGE))}px`;
    style.top = `${Math.max(EDGE, Math.min(y, window.innerHeight - offsetHeight - EDGE))}px`;
    this.#items()[0]?.focus();
    document.addEventListener('pointerdown', this.#outside, { capture: true });
    window.addEventListener('blur', this.#away);
    window.addEventListener('resize', this.#away);
  }

  #items(): HTMLElement[] {
    return [...this.#element.querySelectorAll<HTMLElement>('.menu-item')];
  }

  #newItem(index: number): HTMLElement {
    const item = document.createElement('div');
    item.className = 'menu-item';
    item.setAttribute('role', 'menuitemcheckbox');
    item.tabIndex = -1;
    item.addEventListener('click', () => this.#choose(index));
    item.addEventListener('pointerenter', () => item.focus());
    const check = document.createElement('span');
    check.setAttribute('aria-hidden', 'true');
    item.append(check, document.createElement('span'));
    return item;
  }

  #draw(): void {
    const elements = this.#items();
    this.#options.items().forEach(({ label, checked, disabled }, index) => {
      const [check, text] = elements[index]?.children ?? [];
      elements[index]?.setAttribute('aria-checked', String(checked));
      elements[index]?.setAttribute('aria-disabled', String(disabled));
      if (check !== undefined) check.className = `codicon codicon-${checked ? 'check' : 'blank'}`;
      if (text !== undefined) text.textContent = label;
    });
  }

  #choose(index: number): void {
    if (this.#options.items()[index]?.disabled !== false) return;
    this.#options.onChoose(index);
    this.#draw();
  }

  #pressed(event: KeyboardEvent): void {
    const items = this.#items();
    const now = items.findIndex((item) => item === document.activeElement);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items.at(to % items.length)?.focus();
    else if (event.key === 'Enter' || event.key === ' ') this.#choose(now);
    else if (event.key === 'Escape' || event.key === 'Tab') this.#close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param back whether the focus goes back to where it was */
  #close(back: boolean): void {
    this.#element.remove();
    document.removeEventListener('pointerdown', this.#outside, { capture: true });
    window.removeEventListener('blur', this.#away);
    window.removeEventListener('resize', this.#away);
    if (back && this.#before instanceof HTMLElement) this.#before.focus();
  }
}
