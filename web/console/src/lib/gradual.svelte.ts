// A long list is drawn a piece at a time: what fills the window first, and the page takes clicks meanwhile.

export class Gradual {
  count = $state(0);

  /** Made while a component is; `length` is how much there is, `first` how much is drawn at once, and `piece` how
   * much more after each time that the window was painted. */
  constructor(length: () => number, first: number, piece: number) {
    this.count = first;
    $effect(() => {
      if (this.count >= length()) return;
      return painted(() => (this.count += piece));
    });
  }
}

/** Calls back once the window shows what is there now. A window that nobody sees is not painted: it waits. */
export function painted(then: () => void): () => void {
  let timer = 0;
  const frame = requestAnimationFrame(() => (timer = setTimeout(then)));
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
