// Where the reader is: every view is a link that can be passed on.

class Place {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));

  go(to: string): void {
    if (to !== location.pathname + location.search) history.pushState(null, "", to);
    const moved = location.pathname !== this.path;
    this.read();
    if (!moved) return;
    document.querySelector("main")?.focus();
    window.scrollTo(0, 0);
  }

  /** Says in the address what is shown here, so that it can be passed on; "" takes a value away. */
  tell(name: string, value: string): void {
    const query = new URLSearchParams(location.search);
    if (value) query.set(name, value);
    else query.delete(name);
    const text = query.toString();
    history.replaceState(null, "", location.pathname + (text && `?${text}`));
    this.read();
  }

  read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }
}

export const place = new Place();

addEventListener("popstate", () => place.read());

/** Links inside the page change the screen and load nothing; with a modifier they are the browser's own. */
export function follow(event: MouseEvent): void {
  const link = (event.target as Element).closest?.("a[href^='/']");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || link.hasAttribute("download") || link.hasAttribute("target")) return;
  event.preventDefault();
  const to = new URL((link as HTMLAnchorElement).href);
  place.go(to.pathname + to.search);
}
