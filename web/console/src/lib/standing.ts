// What audits tell, as the page writes it.

import { duration } from "./format";
import { words } from "./words.svelte";

export type Where = "home" | "abroad" | "not_known";
export type State = "works" | "degraded" | "fails" | "not_known";
export interface Listed { name: string; country: string; sector: string; people: number; domains: string[] }
export interface LayerTotal { layer: string; people: number; home: number; abroad: number; not_known: number; single: number; redundant: number }
export interface Score {
  layer: string; sites: number; not_seen: number; providers: number; concentration: number | null; insularity: number | null;
  largest: [string, number][];
}
export interface Layers { home: string; layers: LayerTotal[]; scores: Score[] }
export interface LayerOf { service: string; layer: string; where: Where; lasts_s: number | null; single: boolean | null; hangs_on: string }
export interface Blast {
  kind: string; name: string; country: string; services: number[]; people: number[]; people_degraded: number; people_perhaps: number;
}
export interface AuditTold {
  home: string; countries: string[]; at_s: number; observations: number; things: number; dependencies: number; people: number;
  services: Listed[]; services_left_out: number; losses_left_out: number;
}
export interface Unseen { count: number; told: string[] }
export interface Changes {
  hours: number; losses: number; lost: number; left: number; exact: boolean; tried: number; not_tried: number; losses_not_tried: number;
  unit: string; budget: number | null; left_by_cost: number; changes: Change[]; by_cost: Change[];
}
export interface Change { fix: { kind: string; of: string }; gain: number; cost: number; caa: string[] }
export interface RuleTold { name: string; broken: number; sure: number; people: number }
export interface Breach { rule: string; service: string; people: number; sure: boolean; because: string; of: string; layer: string }
export interface Differing { count: number; before_at_s: number; at_s: number }
export interface Difference { what: string; of: string; was: LayerOf | Blast | Score | null; now: LayerOf | Blast | Score | null; before: string; after: string }
export interface Cut { networks: number[]; perhaps: number[] }
export interface Cause { thing: string; fails_s: number; holds_s: number; until_s: number; others: number }
export interface Fate { service: string; sector: string; people: number; states: State[]; fails_s: number | null; chain: Cause[] }
export interface Fates {
  what_if: { name: string }; at_s: number; services: Fate[];
  totals: { moment: string; at_s: number; services: Record<State, number>; people: Record<State, number> }[];
}
export interface Explained {
  service: Listed & { backends: string[]; mail: string[] }; layers: LayerOf[]; not_seen: string[];
  singles: { what: string; fails_s: number; proof: string[] }[];
}

/** The seven moments after an event at which states are told, in seconds. */
export const MOMENTS_S = [300, 3_600, 43_200, 86_400, 604_800, 2_592_000, 7_776_000];
export const STATES: State[] = ["works", "degraded", "fails", "not_known"];

const slug = (code: string): string => code.replaceAll("_", "-");

export const layerName = (code: string): string => words.say(`layer-${slug(code)}`.replaceAll(" ", "-"));
export const whereName = (code: Where): string => words.say(`where-${slug(code)}`);
export const stateName = (code: State): string => words.say(`fate-${slug(code)}`);
export const span = (seconds: number): string => duration(seconds * 1000);

/** When something fails: never worked, at once, after a while. */
export function when(seconds: number): string {
  if (seconds < 0) return words.say("aud-never-worked");
  return seconds === 0 ? words.say("aud-at-once") : words.say("aud-after-time", { time: span(seconds) });
}
