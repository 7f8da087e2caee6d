// The time of day as the page sees it, for clocks that count down; corrected by what the console tells.

const TICK_MS = 1000;

/** Where the console tells something every second, that is the tick: the page is drawn once a second, not twice. */
const HEARD_MS = 1250;

class Ticking {
  now = $state(Date.now());
  #ahead = 0;
  #timer = 0;

  constructor() {
    this.#next(TICK_MS);
  }

  /** The console's clock is the one that counts. */
  heard(at_ms: number): void {
    this.#ahead = at_ms - Date.now();
    this.now = at_ms;
    this.#next(HEARD_MS);
  }

  #next(after_ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.now = Date.now() + this.#ahead;
      this.#next(TICK_MS);
    }, after_ms);
  }
}

export const ticking = new Ticking();
