// Where the reader is: every screen is a link that can be passed on.

class Place {
  path = $state(location.pathname);

  go(path: string): void {
    if (path !== location.pathname) history.pushState(null, "", path);
    this.path = path;
    document.querySelector("main")?.focus();
    window.scrollTo(0, 0);
  }
}

export const place = new Place();

addEventListener("popstate", () => (place.path = location.pathname));

/** Links inside the page change the screen and load nothing; with a modifier they are the browser's own. */
export function follow(event: MouseEvent): void {
  const link = (event.target as Element).closest?.("a[href^='/']");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || link.hasAttribute("download")) return;
  event.preventDefault();
  place.go(new URL((link as HTMLAnchorElement).href).pathname);
}
