// Attacks that change places every second can be neither read nor clicked: they keep their places for a while.

import type { AttackRow } from "./api";

const KEPT_MS = 10_000;

export class Order {
  #places = new Map<number, number>();
  #since = -Infinity;

  /** Of `told`, the strongest first: known ones where they were, new ones before the first that is weaker. */
  kept(told: AttackRow[], now_ms: number): AttackRow[] {
    let rows = told;
    // A row that is moved in the document loses the keyboard's focus.
    if (now_ms - this.#since < KEPT_MS || document.activeElement?.closest("main tbody")) {
      rows = told.filter((one) => this.#places.has(one.number));
      rows.sort((one, other) => this.#places.get(one.number)! - this.#places.get(other.number)!);
      for (const one of told) {
        if (this.#places.has(one.number)) continue;
        const weaker = rows.findIndex((other) => other.bits_per_s.estimate < one.bits_per_s.estimate);
        rows.splice(weaker < 0 ? rows.length : weaker, 0, one);
      }
    } else {
      this.#since = now_ms;
    }
    this.#places = new Map(rows.map((one, at) => [one.number, at]));
    return rows;
  }
}
