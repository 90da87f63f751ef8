import type { FromPointsPage, ToPointsPage } from '../../src/model/pointsMessages.ts';
import type { PointsHost } from '../points/page.ts';

/** Plays the panel of one flow's observation points: what it tells does not change. */
export class FakePointsHost implements PointsHost {
  /** All that the page sent, oldest first. */
  readonly asked: FromPointsPage[] = [];
  readonly pageState = undefined;
  readonly #listeners: ((message: ToPointsPage) => void)[] = [];
  readonly #message: ToPointsPage;

  constructor(message: ToPointsPage) {
    this.#message = message;
  }

  keepPageState(): void {
    // The page keeps nothing: the host tells everything again.
  }

  onMessage(listener: (message: ToPointsPage) => void): void {
    this.#listeners.push(listener);
  }

  post(message: FromPointsPage): void {
    this.asked.push(message);
    if (message.type === 'ready') setTimeout(() => this.tell(this.#message), 0);
  }

  tell(message: ToPointsPage): void {
    const copy = structuredClone(message);
    for (const listener of this.#listeners) listener(copy);
  }
}
