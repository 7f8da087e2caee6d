// A long list is drawn a piece at a time: what fills the window first, and the page takes clicks meanwhile.

export class Gradual {
  count = $state(0);

  /** Made while a component is; `length` is how much there is, `piece` how much is drawn at once. */
  constructor(length: () => number, piece: number) {
    this.count = piece;
    $effect(() => {
      if (this.count >= length()) return;
      const timer = setTimeout(() => (this.count += piece));
      return () => clearTimeout(timer);
    });
  }
}
