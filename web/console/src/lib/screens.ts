// The screens of the page. The first one comes with it; the others are fetched when they are looked for.

import type { Component } from "svelte";
import Situation from "../screens/Situation.svelte";
import type { Viewer } from "./api";

/** What each screen is given. `parts` are what its path holds behind its name; `lost` asks anew who is looking. */
export interface Shown {
  viewer: Viewer;
  parts: string[];
  lost: () => void;
}

type Screen = Component<Shown>;

export interface Place {
  /** `path` is where the list of screens leads, none for a screen that is reached from another. */
  name: string;
  path?: string;
  /** Whether everybody in the room may see it. */
  wall?: true;
  matches: RegExp;
  load: () => Promise<Screen>;
}

export const SCREENS: Place[] = [
  { name: "situation", path: "/", wall: true, matches: /^\/$/, load: async () => Situation },
  { name: "attacks", path: "/attacks", matches: /^\/attacks$/, load: async () => (await import("../screens/Attacks.svelte")).default },
  { name: "attacks", matches: /^\/attack\/\d{1,15}$/, load: async () => (await import("../screens/Attack.svelte")).default },
  { name: "border", path: "/border", matches: /^\/border$/, load: async () => (await import("../screens/Border.svelte")).default },
  { name: "hotline", path: "/hotline", matches: /^\/hotline$/, load: async () => (await import("../screens/Hotline.svelte")).default },
  { name: "hotline", matches: /^\/hotline\/compose$/, load: async () => (await import("../screens/HotlineCompose.svelte")).default },
  { name: "hotline", matches: /^\/hotline\/message\/[0-9a-f]{64}$/, load: async () => (await import("../screens/HotlineMessage.svelte")).default },
  { name: "accord", path: "/accord", matches: /^\/accord(\/[^/]{1,200})?$/, load: async () => (await import("../screens/Accord.svelte")).default },
  { name: "health", path: "/health", matches: /^\/health$/, load: async () => (await import("../screens/Health.svelte")).default },
  {
    name: "rehearse", path: "/rehearse", matches: /^\/rehearse(\/\d{1,15})?$/,
    load: async () => (await import("../screens/Rehearse.svelte")).default,
  },
  {
    name: "audit", path: "/audit", matches: /^\/audit(\/\d{1,15})?$/,
    load: async () => (await import("../screens/Audit.svelte")).default,
  },
  { name: "ledger", path: "/ledger", matches: /^\/ledger(\/\d{1,15})?$/, load: async () => (await import("../screens/Ledger.svelte")).default },
];
