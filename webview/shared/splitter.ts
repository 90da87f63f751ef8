export interface SplitterOptions {
  readonly label: string;
  readonly minimum: number;
  readonly maximum: () => number;
  /** Height of the part below, in pixels. */
  readonly height: number;
  readonly onResize: (height: number) => void;
}

const KEY_STEP = 20;

/** A horizontal bar that sizes the part below it, by pointer or by arrow keys. */
export function splitter(options: SplitterOptions): HTMLElement {
  const bar = document.createElement('div');
  bar.className = 'splitter';
  bar.setAttribute('role', 'separator');
  bar.setAttribute('aria-orientation', 'horizontal');
  bar.setAttribute('aria-label', options.label);
  bar.setAttribute('aria-valuemin', String(options.minimum));
  bar.tabIndex = 0;
  let height = options.height;
  const resize = (wanted: number): void => {
    const maximum = Math.max(options.minimum, options.maximum());
    height = Math.round(Math.min(maximum, Math.max(options.minimum, wanted)));
    bar.setAttribute('aria-valuenow', String(height));
    bar.setAttribute('aria-valuemax', String(maximum));
    options.onResize(height);
  };
  bar.setAttribute('aria-valuenow', String(height));
  bar.addEventListener('pointerdown', (start) => {
    start.preventDefault();
    bar.setPointerCapture(start.pointerId);
    const before = height;
    const move = (event: PointerEvent): void => resize(before + start.clientY - event.clientY);
    bar.addEventListener('pointermove', move);
    bar.addEventListener('lostpointercapture', () => bar.removeEventListener('pointermove', move), {
      once: true,
    });
  });
  bar.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowUp') resize(height + KEY_STEP);
    else if (event.key === 'ArrowDown') resize(height - KEY_STEP);
    else return;
    event.preventDefault();
  });
  return bar;
}
