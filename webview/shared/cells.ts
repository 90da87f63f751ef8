/** What drew each cell last, so that a cell that shows the same again is left alone. */
const drawn = new WeakMap<HTMLElement, string>();

/** Plain text. Names from a cluster are hostile: text nodes only, here and everywhere. */
export function drawText(cell: HTMLElement, text: string): void {
  if (drawn.get(cell) === text) return;
  drawn.set(cell, text);
  cell.textContent = text;
}

export interface IconText {
  readonly icon: string;
  /** A class for the icon's colour; the words say the same. */
  readonly tone: string;
  /** Drawn weaker before the text. */
  readonly prefix: string;
  readonly text: string;
  readonly tooltip: string;
}

/** An icon, a weaker prefix and a text. */
export function drawIconText(cell: HTMLElement, { icon, tone, prefix, text, tooltip }: IconText): void {
  const key = JSON.stringify([icon, tone, prefix, text, tooltip]);
  if (drawn.get(cell) === key) return;
  drawn.set(cell, key);
  const image = document.createElement('span');
  image.className = `codicon codicon-${icon} ${tone}`;
  image.setAttribute('aria-hidden', 'true');
  const words = document.createElement('span');
  words.className = 'cell-text';
  if (prefix !== '') {
    const weak = document.createElement('span');
    weak.className = 'weak';
    weak.textContent = prefix;
    words.append(weak);
  }
  words.append(text);
  cell.title = tooltip;
  cell.replaceChildren(image, words);
}

export function drawNothing(cell: HTMLElement): void {
  if (drawn.get(cell) === '') return;
  drawn.set(cell, '');
  cell.replaceChildren();
}
