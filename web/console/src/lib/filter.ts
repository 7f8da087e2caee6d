// Filters over attacks as the address holds them; what they mean is the server's to say.

import { place } from "./place.svelte";

export interface FilterProblem { code: string; at: number; until: number; near: string; told: string }
export interface Offer { text: string; what: "field" | "comparison" | "value" | "join"; field: string }
export interface FilterHelp { problem: FilterProblem | null; begin: number; end: number; offers: Offer[] }

const PLACES = ["/", "/attacks"];

/** A value as it is written in a filter: quoted where it could be taken for something else. */
const written = (value: string): string =>
  /[\s()=<>!"]/.test(value) || /^(and|or|not|has)$/i.test(value) ? `"${value.replaceAll('"', "")}"` : value;

function narrowed(filter: string, term: string): string {
  if (!filter) return term;
  if (filter.split(" and ").includes(term)) return filter;
  return `${/\bor\b/i.test(filter) ? `(${filter})` : filter} and ${term}`;
}

/** Where a click on a value leads: the same list with one more term, or all attacks with this one. */
export function pivot(field: string, comparison: string, value: string): string {
  const term = `${field} ${comparison} ${written(value)}`;
  const here = PLACES.includes(place.path);
  const filter = here ? narrowed(place.query.get("filter") ?? "", term) : term;
  return `${here ? place.path : "/attacks"}?${new URLSearchParams({ filter }).toString()}`;
}
