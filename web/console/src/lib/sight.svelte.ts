// What of a long list the reader sees. Everything is there for keyboard, search and screen reader; what is out
// of sight is brought up to date less often.

import type { Attachment } from "svelte/attachments";
import { ticking } from "./ticking.svelte";

/** Out of sight a value may be so old. */
const OUT_OF_SIGHT_S = 10;

/** A screen's height above and below counts as seen, so that scrolling shows nothing old. */
const watching = new IntersectionObserver(
  (told) => told.forEach((one) => seen.get(one.target)?.(one.isIntersecting)),
  { rootMargin: "100% 0px" },
);
const seen = new Map<Element, (near: boolean) => void>();

let printing = $state(false);
addEventListener("beforeprint", () => (printing = true));
addEventListener("afterprint", () => (printing = false));

let count = 0;

export class Sight {
  #near = $state(false);
  #turn = count++ % OUT_OF_SIGHT_S;

  readonly watch: Attachment = (element) => {
    seen.set(element, (near) => (this.#near = near));
    watching.observe(element);
    return () => {
      watching.unobserve(element);
      seen.delete(element);
    };
  };

  /** Whether to show what is true now; where not, what was shown stays. */
  get now(): boolean {
    return this.#near || printing || Math.floor(ticking.now / 1000) % OUT_OF_SIGHT_S === this.#turn;
  }
}

/** The value as it is, or as it was when it was last to be shown. */
export function inSight<T>(sight: Sight, value: () => T): () => T {
  const now = $derived(sight.now);
  let kept: { value: T } | null = null;
  const shown = $derived((kept = now || !kept ? { value: value() } : kept).value);
  return () => shown;
}
