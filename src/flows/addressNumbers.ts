/** Numbers for addresses, the same for every agent that names one. 0 means "none". */
export class AddressNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [''];

  numberOf(address: string): number {
    const known = this.#numbers.get(address);
    if (known !== undefined) return known;
    const number = this.#texts.length;
    this.#texts.push(address);
    this.#numbers.set(address, number);
    return number;
  }

  textOf(number: number): string {
    return this.#texts[number] ?? '?';
  }
}
