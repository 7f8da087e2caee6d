// Rehearsals and audits: asked for, and followed until they are answered.

import { Refused, get, post } from "./api";

export interface Change { kind: string; [field: string]: unknown }
export interface Scenario { name: string; change: Change[]; focus?: string[]; border_point?: unknown[]; demand?: unknown[] }
export interface WhatIf { name: string; event: Change[]; at_s?: number }
export interface Policy { rule: { name: string; [field: string]: unknown }[] }
export interface Costs { unit?: string; cost?: unknown; change?: unknown }
export type Asked =
  | { about: "world"; world: string }
  | { about: "scenario"; world: string; scenario: Scenario }
  | { about: "alliance"; world: string; countries: string[]; at_least: number }
  | { about: "audit"; audit: string; home?: string }
  | { about: "what_if"; audit: string; what_if: WhatIf; home?: string }
  | { about: "rehearsed"; audit: string; world: string; scenario: Scenario; home?: string }
  | { about: "policy"; audit: string; policy: Policy; home?: string }
  | { about: "diff"; audit: string; before: string; home?: string }
  | { about: "advice"; audit: string; home?: string; changes: number; hours: number; costs: Costs; budget: number | null }
  | { about: "service"; audit: string; service: string };
export type Standing = "waiting" | "working" | "done" | "failed" | "ended";
export interface StudyRow { number: number; key: string; asked: Asked; by: string; asked_ms: number; standing: Standing }
export interface Step { step: string; done: number; of: number }
export interface Refusal { part: string; kind: string; why: string; remedy: string }
interface StudyView {
  at_ms: number; row: StudyRow; before: number; step: Step | null; parts: { name: string; told: unknown }[]; refusals: Refusal[];
}

/** What there is to audit with; a file that cannot be read says why. */
export interface AuditSources {
  folder: string; audits: string[]; worlds: { name: string; kind: string }[]; studies: StudyRow[];
  what_ifs: { file: string; what_if: WhatIf | null; why: string }[];
  policies: { file: string; policy: Policy | null; why: string }[];
  costs: { file: string; costs: Costs | null; why: string }[];
  scenarios: { file: string; scenario: Scenario | null; why: string }[];
}

const EVERY_MS = 700;

export const isOver = (standing: Standing): boolean => standing !== "waiting" && standing !== "working";

/** One study: its parts come one after the other, and each is fetched once. */
export class Study {
  row = $state.raw<StudyRow | null>(null);
  before = $state(0);
  step = $state.raw<Step | null>(null);
  parts = $state.raw<Record<string, unknown>>({});
  refusals = $state.raw<Refusal[]>([]);
  refused = $state.raw<Refused | null>(null);
  #had = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #lost: () => void;

  constructor(lost: () => void) {
    this.#lost = lost;
  }

  async follow(number: number): Promise<void> {
    try {
      const told = await get<StudyView>(`/api/studies/${number}?after=${this.#had}`);
      this.#had += told.parts.length;
      const parts = { ...this.parts };
      for (const one of told.parts) {
        // Names of networks come with each part that tells of some.
        parts[one.name] = one.name === "names" ? { ...(parts.names as object), ...(one.told as object) } : one.told;
      }
      this.parts = parts;
      this.refusals = told.refusals;
      this.before = told.before;
      this.step = told.step;
      this.row = told.row;
      this.refused = null;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.kind === "sign-in") this.#lost();
      else this.refused = error;
    }
    const isGone = this.refused?.kind === "not-there";
    if (!this.#stopped && !isGone && !(this.row && isOver(this.row.standing))) {
      this.#timer = setTimeout(() => void this.follow(number), EVERY_MS);
    }
  }

  part<T>(name: string): T | null {
    return (this.parts[name] as T | undefined) ?? null;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}

export const ask = async (path: "/api/rehearsals" | "/api/audits", asked: Asked): Promise<number> =>
  (await post<{ number: number }>(path, asked)).number;

export const end = (number: number): Promise<unknown> => post(`/api/studies/${number}/end`);
