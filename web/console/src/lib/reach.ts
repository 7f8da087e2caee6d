// What rehearsals and audits tell, as the page writes it: shares as bounds, estimates in three digits, countries.

import { words } from "./words.svelte";

export interface Bounds { low: number; high: number }
export interface Counted { networks: number; low: number; people: number; high: number }
export interface Reach { before: Bounds; after: Bounds; emergency: Bounds }
export interface Between { country: string; people: number; reach: Reach }
export interface Island { inside: Counted; all: Counted; largest: number }
export interface Country {
  country: string; size: Counted; inside: Reach | null; outside: Reach | null; cut_off: Counted; surely_cut_off: Counted;
  stranded: Counted; islands: number; largest_islands: Island[]; others: Between[];
}
export interface Source { role: string; name: string; digest: string; terms: string }
export interface Answer { countries: Country[]; pairs_before: Bounds; pairs_after: Bounds; sources: Source[] }
export interface Throttled {
  demand: number; carried_before: number; carried_after: number;
  points: { border_point: string; capacity_before: number; capacity_after: number; load_before: number; load_after: number }[];
}
export interface Borders {
  country: string; networks: number; people: number; crossings: number; foreign_links: number; foreign_carriers: number;
  concentration: number | null;
}
export interface Chokepoint { first: number; second: number; lost: number; worst: number }
export interface Chokepoints { country: string; networks: Chokepoint[]; links: Chokepoint[]; tried: number; candidates: number; untried: number }
export interface Advice {
  countries: string[]; asked: number; before: number; after: number; bound: number | null; emergency: number; left_out: number;
  links: { link: { first: number; second: number; relation: string }; gain: number; people_pairs: number }[];
}
export interface Allied { countries: string[]; people: number; within_reach: Bounds; emergency: Bounds; missing: [string, string][] }
export interface Coalitions { threshold: number; size: number; found: Allied[]; tried: number; complete: boolean }
export interface World {
  networks: number; links: number; countries: string[]; cables: string[]; exchanges: string[]; organisations: string[];
  sources: Source[]; notes: { what: string; count: number; rule: string }[];
}
export interface Outlines { width: number; height: number; land: [string, string][]; source: string }
export type Names = Record<string, string>;

const percent = (value: number): string =>
  new Intl.NumberFormat(words.locale, { style: "percent", maximumFractionDigits: 1 }).format(value);

/** Not quite all is never shown as all, nor not quite nothing as nothing. */
export function part(value: number): string {
  if (value > 0 && value < 0.001) return words.say("less-than", { value: percent(0.001) });
  if (value > 0.999 && value < 1) return words.say("more-than", { value: percent(0.999) });
  return percent(value);
}

const pair = (low: string, high: string): string => (low === high ? low : words.say("low-to-high", { low, high }));

export const bounds = (told: Bounds): string => pair(part(told.low), part(told.high));

/** Three digits are as many as such estimates deserve. */
export const people = (value: number): string =>
  new Intl.NumberFormat(words.locale, { maximumSignificantDigits: 3 }).format(Math.round(value));

export const peopleBounds = (told: Bounds): string => pair(people(told.low), people(told.high));

export const counted = (told: Counted): string =>
  told.low === told.high
    ? people(told.people)
    : words.say("interval", { estimate: people(told.people), low: people(told.low), high: people(told.high) });

/** User-assigned codes (ISO 3166-1) are nobody's: browsers know names for some of them. */
const NOBODY = /^(AA|Q[M-Z]|X[A-Z]|ZZ)$/;

export function countryName(code: string): string {
  if (NOBODY.test(code) || !/^[A-Z]{2}$/.test(code)) return code;
  return new Intl.DisplayNames(words.locale, { type: "region", fallback: "code" }).of(code) ?? code;
}

/** Of the people there, how many one at home reaches no more, on average, over the links that are seen. */
export const lost = (told: Between): number =>
  Math.round(told.people * Math.max(0, told.reach.before.low - told.reach.after.low));

export const PEOPLE_STEPS = [1, 1e6, 1e7, 1e8];
export const SHARE_STEPS = [0.999, 0.9, 0.5, 1e-9];

/** The shade of a country, from 0 (nothing lost) to 4. */
export const shadeOfPeople = (value: number): number => PEOPLE_STEPS.filter((step) => value >= step).length;
export const shadeOfShare = (value: number): number => SHARE_STEPS.filter((step) => value < step).length;
