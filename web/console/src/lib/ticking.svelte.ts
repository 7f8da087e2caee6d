// The time of day as the page sees it, for clocks that count down; corrected by what the console tells.

class Ticking {
  now = $state(Date.now());
  #ahead = 0;

  /** The console's clock is the one that counts. */
  heard(at_ms: number): void {
    this.#ahead = at_ms - Date.now();
    this.now = at_ms;
  }

  tick(): void {
    this.now = Date.now() + this.#ahead;
  }
}

export const ticking = new Ticking();
setInterval(() => ticking.tick(), 1000);
