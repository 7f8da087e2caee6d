// One question asked again and again while a screen is open, and what became of it.

import { Refused, get } from "./api";
import { ticking } from "./ticking.svelte";

export class Loaded<T extends { at_ms: number }> {
  view = $state.raw<T | null>(null);
  refused = $state.raw<Refused | null>(null);
  #path: () => string;
  #lost: () => void;

  constructor(path: () => string, lost: () => void) {
    this.#path = path;
    this.#lost = lost;
  }

  async load(): Promise<void> {
    try {
      const told = await get<T>(this.#path());
      ticking.heard(told.at_ms);
      this.view = told;
      this.refused = null;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.kind === "sign-in") this.#lost();
      else this.refused = error;
    }
  }

  /** Asks every few seconds; the answer ends it. */
  every(milliseconds: number): () => void {
    void this.load();
    const timer = setInterval(() => void this.load(), milliseconds);
    return () => clearInterval(timer);
  }
}
