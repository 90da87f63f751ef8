/** What drew each cell last, so that a cell that shows the same again is left alone. */
const drawn = new WeakMap<HTMLElement, string>();

/** Plain text. Names from a cluster are hostile: text nodes only, here and everywhere. */
export function drawText(cell: HTMLElement, text: string): void {
  if (drawn.get(cell) === text) return;
  drawn.set(cell, text);
  cell.removeAttribute('title');
  cell.textContent = text;
}

/** A piece of a cell's text with the class that gives it its look; an empty class for the plain one. */
export interface TextPart {
  readonly text: string;
  readonly look: '' | 'weak' | 'open' | 'name';
}

export interface CellIcon {
  readonly name: string;
  /** A class for its colour. */
  readonly tone: string;
  /** What it says, for those who do not see it; empty where the text says the same. */
  readonly label: string;
}

export interface IconText {
  /** Before the text, from left to right. */
  readonly icons: readonly CellIcon[];
  readonly parts: readonly TextPart[];
  /** After the text, weaker; left out where there is no room for it. */
  readonly suffix: string;
  /** At the end, also where the text is cut. */
  readonly mark: CellIcon | null;
  /** Of the browser's own; empty for none. */
  readonly tooltip: string;
}

/** Icons, and a text in parts that is cut as a whole. */
export function drawIconText(cell: HTMLElement, content: IconText): void {
  const key = JSON.stringify(content);
  if (drawn.get(cell) === key) return;
  drawn.set(cell, key);
  const { icons, parts, suffix, mark, tooltip } = content;
  const text = spanOf('cell-text', '');
  text.append(...parts.filter((part) => part.text !== '').map(partOf));
  const words = spanOf('cell-words', '');
  words.append(text, ...(suffix === '' ? [] : [spanOf('cell-suffix weak', suffix)]));
  if (tooltip === '') cell.removeAttribute('title');
  else cell.title = tooltip;
  cell.replaceChildren(...icons.map(iconOf), words, ...(mark === null ? [] : [iconOf(mark)]));
}

export function drawNothing(cell: HTMLElement): void {
  if (drawn.get(cell) === '') return;
  drawn.set(cell, '');
  cell.removeAttribute('title');
  cell.replaceChildren();
}

function partOf({ text, look }: TextPart): Node {
  return look === '' ? document.createTextNode(text) : spanOf(look, text);
}

function spanOf(className: string, text: string): HTMLElement {
  const span = document.createElement('span');
  span.className = className;
  span.textContent = text;
  return span;
}

function iconOf({ name, tone, label }: CellIcon): HTMLElement {
  const image = document.createElement('span');
  image.className = `codicon codicon-${name} ${tone}`;
  if (label === '') {
    image.setAttribute('aria-hidden', 'true');
  } else {
    image.setAttribute('role', 'img');
    image.setAttribute('aria-label', label);
  }
  return image;
}
