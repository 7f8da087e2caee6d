// Accords as the API tells them; the shapes are those of /api/openapi.json. Times end in _ms or _s.

import { duration } from "./format";
import { words } from "./words.svelte";

export type Text = Record<string, string>;
export interface Party { code: string; name: Text; us: boolean }
export interface AccordRow {
  accord: string; version: number; digest: string; title: Text; parties: Party[]; lacking: string[]; current: boolean;
  in_force: boolean; from_ms: number | null; until_ms: number | null; late: number; disputed: number; due: number;
  next_ms: number | null;
}
export interface AccordList { at_ms: number; founded: boolean; accords: AccordRow[]; left_out: number }
export interface Act { command: string; form: string | null; fields: [string, string][]; answers: string; to: string }
export interface Article { obligation: string; article: string; text: Text; owner: string }
export interface Due {
  instance: string; obligation: string; duty: string; toward: string; stage: string; began_ms: number | null;
  due_ms: number | null; kept_ms: number | null; trigger: number | null; evidence: number[];
  procedure: [string, number][]; step: string; act: Act | null;
}
export interface Period { period: string; party: string; kind: string; first: string; last: string }
export interface Accord {
  at_ms: number; accord: string; version: number; digest: string; title: Text; authentic: string[]; authoritative: string;
  parties: Party[]; us: string | null; lacking: string[]; in_force: boolean; from_ms: number | null;
  until_ms: number | null; articles: Article[]; periods: Period[]; rows: Due[]; left_out: number; years: number[]; same_node: boolean;
}
export type Stages = Record<string, number>;
export interface Parties {
  at_ms: number; parties: { party: string; stages: Stages; kept_late: number }[];
  obligations: { obligation: string; article: string; by_party: Record<string, Stages> }[];
}
export interface ToldOnce {
  fact: number; at_ms: number; sent_ms: number | null; toward: string[]; about: string; act: string | null;
  assets: string[]; level: string; language: string;
}
export interface Differ {
  kind: string; reference: string; by: string; agreement: string; differs: string[]; ours: ToldOnce | null;
  theirs: ToldOnce | null;
}
export interface Incidents {
  at_ms: number; us: string | null; left_out: number;
  incidents: {
    incident: string; by: string; toward: string[]; assets: string[]; known_ms: number | null;
    told: { message: string; fact: number; sent_ms: number; received: { by: string; at_ms: number; fact: number }[] }[];
    theirs: { party: string; agreement: string; differs: string[]; fact: number | null }[];
  }[];
  accounts: {
    party: string; message: string; from_ms: number; until_ms: number; same: number; differing: Differ[];
    left_out: number; skewed: { reference: string; sender: string; by: string; seconds: number }[]; why: string;
  }[];
  origins: {
    party: string; organisation: string; command: string;
    seen: {
      attack: number; assets: string[]; from_ms: number; until_ms: number; sampling: number;
      seen: { bits_per_s: { estimate: number; low: number; high: number }; flows: number }[];
    };
  }[];
}
export interface Pledges {
  at_ms: number;
  guarantees: {
    guarantee: string; article: string; text: Text; subject: string; open: boolean; notice: string; command: string;
    members: { state: string; from_s: number; until_s: number | null; rests_from_s: number | null; binds: boolean; facts: number[] }[];
    between: [string, string][];
  }[];
}
export interface Meeting {
  digest: string; told_by: [string, number][];
  minutes: { held: string; agenda?: Text[]; decision?: { id: string; text: Text }[] };
}
export interface Dialogue {
  at_ms: number; parties: number;
  tracks: {
    text: Text;
    track: {
      track: string; article: string; level: string; experts: boolean; rests_since_s: number | null;
      schedules: { obligation: string; article: string; span: string; next_due_s: number | null }[];
      last_met: [number, number] | null; next_date: string; next_agenda: Text[]; meetings: Meeting[];
      actions: { name: string; text: Text; owner: string; due_s: number; state: string; done_s: number | null; fact: number | null }[];
    };
  }[];
}
export interface Promises {
  accords: number; late: number; disputed: number; soon: number; left_out: number;
  rows: { accord: string; article: string; obligation: string; text: Text; duty: string; toward: string; ours: boolean; at_ms: number }[];
}

export const PRESSING = ["breached", "disputed", "late"];

/** What is late and has its evidence is over, though it stays late. */
export const isOpen = (one: Due): boolean =>
  ["not due", "due", "disputed", "breached"].includes(one.stage) || (one.stage === "late" && one.kept_ms === null);

/** The text in the reader's language, or in the first that it was signed in, and which language that is. */
export function worded(text: Text): [string, string] {
  const language = text[words.language] !== undefined ? words.language : (Object.keys(text)[0] ?? words.language);
  return [text[language] ?? "", language];
}

/** A party by its name in the reader's language; a state that is no party by the first digits of its identity. */
export function nameOf(parties: Party[], code: string): string {
  const known = parties.find((one) => one.code === code);
  return known ? worded(known.name)[0] || code : code.slice(0, 12);
}

/** Names in a row, each on its own, in the order of the reader's language. */
export const listed = (names: string[]): string =>
  (words.direction === "rtl" ? "\u200f" : "") + names.map((one) => `\u2068${one}\u2069`).join(words.say("comma"));

const UNITS: Record<string, string> = { h: "hour", d: "day", w: "week", mo: "month", y: "year" };

/** "48h" and "1y" as the language says them; working days have a word of their own. */
export function span(told: string): string {
  const [, count, unit] = /^(\d+)([a-z]+)$/.exec(told) ?? [];
  if (unit === "wd") return words.say("accord-working-days", { count: Number(count) });
  if (!unit || !UNITS[unit]) return told;
  return new Intl.NumberFormat(words.locale, { style: "unit", unit: UNITS[unit], unitDisplay: "long" }).format(Number(count));
}

/** A day of the accord, UTC, as the language writes it; in Persian by the Persian calendar too. */
export function day(at: number | string): string {
  const ms = typeof at === "number" ? at : Date.parse(`${at}T00:00:00Z`);
  const asked: Intl.DateTimeFormatOptions = { dateStyle: "long", timeZone: "UTC" };
  const gregorian = new Intl.DateTimeFormat(`${words.language}-u-nu-latn-ca-gregory`, asked).format(ms);
  if (words.language !== "fa") return gregorian;
  return `${gregorian} · ${new Intl.DateTimeFormat("fa-u-nu-latn-ca-persian", asked).format(ms)}`;
}

export const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** How long until a moment, or how long ago it was. */
export function leftOrLate(at_ms: number, now_ms: number): string {
  return at_ms >= now_ms
    ? words.say("accord-left", { time: duration(at_ms - now_ms) })
    : words.say("accord-late-by", { time: duration(now_ms - at_ms) });
}

/** What the two tell differently, in words. */
export const differs = (names: string[]): string =>
  listed(names.map((one) => words.say(`accord-differs-${one.replace(/_s$/, "").replace("_", "-")}`)));
