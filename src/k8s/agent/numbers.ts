/** Numbers by which the dataplane knows what has a name here: the smallest that is free, the same as long as it is kept. */
export class Numbers {
  readonly #byName = new Map<string, number>();
  readonly #taken = new Set<number>();
  /** Below it, all are taken. */
  #free = 0;

  /** @param names What has the first numbers, from 0. */
  constructor(names: readonly string[] = []) {
    for (const name of names) this.take(name);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** @throws RangeError for what has no number */
  of(name: string): number {
    const number = this.#byName.get(name);
    if (number === undefined) throw new RangeError(`"${name}" has no number`);
    return number;
  }

  /** A number for a name that has none. */
  take(name: string): number {
    while (this.#taken.has(this.#free)) this.#free += 1;
    this.#byName.set(name, this.#free);
    this.#taken.add(this.#free);
    return this.#free;
  }

  /** For a name that has none, a number that it has had elsewhere. @throws RangeError where another name has it */
  adopt(name: string, number: number): void {
    if (this.#taken.has(number)) throw new RangeError(`${number} is taken`);
    this.#byName.set(name, number);
    this.#taken.add(number);
  }

  values(): Iterable<number> {
    return this.#byName.values();
  }

  /** Gives back the numbers of all names but those. */
  keep(wanted: (name: string) => boolean): void {
    for (const [name, number] of [...this.#byName]) {
      if (wanted(name)) continue;
      this.#byName.delete(name);
      this.#taken.delete(number);
      this.#free = Math.min(this.#free, number);
    }
  }
}
