// The API as this page uses it. The shapes are those of /api/openapi.json.

import type { HotlinePart } from "./hotline";
import type { Promises } from "./accords";

export type Role = "wall" | "reader" | "desk" | "centre" | "senior";
export interface Viewer { name: string; role: Role }
export interface Me { viewer: Viewer | null; csrf: string; version: string; has_officers: boolean; demo: boolean }
export interface NodeStanding { answers: boolean; why: string; remedy: string }
export interface Rate { estimate: number; low: number; high: number }
export type Share = Rate;

export interface AttackRow {
  number: number; targets: string[]; targets_left_out: number; object_name: string | null; vectors: string[];
  bits_per_s: Rate; packets_per_s: Rate; peak_bits_per_s: Rate; first_seen_ms: number; last_seen_ms: number;
  ended_at_ms: number | null; border_points: string[]; doubts: string[]; actionable: boolean;
}
export interface PlanRow {
  plan: number; attack: number; targets: string[]; stage: string; since_ms: number; rules: number;
  agreed: string[]; level: string; in_force: string[]; waits_for_me: boolean;
}
export interface ClockRow { kind: "approval" | "lease" | "plan"; plan: number; attack: number; at_ms: number }
export interface VectorShare { vector: string; bits_per_s: number; packets_per_s: number }
export interface PointRow {
  border_point: string; bits_per_s: Rate; packets_per_s: number; capacity_bits_per_s: number | null;
  vectors: VectorShare[];
}
// An array on the wire would be shorter; a name is clearer.
export interface PointSecond { second: number; bits_per_s: number[] }
export interface Situation {
  at_ms: number; node: NodeStanding; second: number | null; bits_per_s: Rate; packets_per_s: Rate; unscaled: number;
  records_per_s: number; points: PointRow[]; past: PointSecond[]; attacks: AttackRow[];
  attacks_left_out: number; attacks_filtered_out: number; plans: PlanRow[]; plans_left_out: number; clocks: ClockRow[];
  problems: number; notices: number; health_known: boolean; promises: Promises | null;
  hotline: HotlinePart | null;
}

export interface Range { first: number; last: number }
export interface Match {
  destination: string; source: string | null; protocols: number[]; source_ports: Range[];
  destination_ports: Range[]; icmp_types: number[]; tcp_flags: { are: number; among: number } | null;
  packet_lengths: Range[]; fragments: string[];
}
export interface Action { type: "RateLimit" | "Drop" | "Redirect" | "Blackhole"; bytes_per_s?: number; route_target?: string; next_hop?: string }
export interface Rule { border_point: string; match: Match; action: Action; communities: string[] }
export interface Stages { spot_test: string; spot_test_s: number; widening: string[][]; widen_every_s: number }
export interface Forecast {
  attack_removed: Share; lost_bytes: Share; lost_packets: Share; lost_flows: Share;
  by_service: { service: string; bits_per_s: Rate; lost: Share }[];
  residuals: { border_point: string; bits_per_s: Rate; capacity_bits_per_s: number | null }[];
  sampled_flows: number;
}
export interface Plan {
  number: number; attack: number; targets: string[]; made_at_ms: number; ledger_size: number; ledger_root: string;
  approve_until_ms: number; ends_at_ms: number; lease_s: number; rules: Rule[]; stages: Stages | null;
  forecast: Forecast; level: string; proposer: string; replaces: number | null; reasons: string[]; node: string;
}
export interface Verdict {
  plan: number; border_point: string; passed: boolean; reasons: { code: string; words: string }[];
  removed: Share | null; others_kept: Share | null;
}
export interface Score {
  plan: number; attack_removed: Share; attack_removed_measured: number; lost_bytes: Share;
  lost_bytes_measured: number; attack_held: boolean; others_held: boolean;
}
export type Intent = "approve" | "refuse" | "withdraw";
export interface PlanShown {
  plan: Plan; digest: string; stage: string; since_ms: number; agreed: string[]; in_force: string[];
  lease_until_ms: number | null; verdicts: Verdict[]; why: string; may_act: boolean; score: Score | null; may: Intent[];
}
export interface StoryLine { fact: number; at_ms: number; kind: string; plan: number | null; officer: string; told: string }
export interface Attack {
  number: number; targets: string[]; object_name: string | null;
  vectors: { vector: string; bits_per_s: Rate; packets_per_s: Rate }[];
  bits_per_s: Rate; packets_per_s: Rate; peak_bits_per_s: Rate; threshold_bits_per_s: number;
  first_seen_ms: number; last_seen_ms: number; telemetry_age_ms: number; exporters: string[];
  border_points: string[]; doubts: string[]; actionable: boolean;
}
export interface AttackView {
  at_ms: number; node: NodeStanding; attack: Attack; detected_at_ms: number; ended_at_ms: number | null;
  story: StoryLine[]; story_left_out: boolean; plans: PlanShown[];
}
export interface AttackList {
  at_ms: number; attacks: AttackRow[]; open_left_out: number; go_on: number | null; looked_to_ms: number | null;
}
export interface Count {
  vector: string | null; border_point: string | null; attacks: number; bytes: number; peak_bits_per_s: number; longest_s: number;
}
export interface Counts { at_ms: number; from_ms: number; until_ms: number; rows: Count[]; rows_left_out: number; whole: Count | null }
export interface Border {
  at_ms: number; node: NodeStanding; speaker: string; seen_ms: number | null;
  sessions: { router: string; border_point: string; state: string; since_ms: number | null; families: string[]; why: string }[];
  live: { plan: number; rule: Rule; remaining_s: number }[];
  read_back: { border_point: string; receiver: string; rules: Rule[] | null; why: string }[];
  trouble: string; findings: string[]; points: PointRow[];
}
export interface Exporter {
  exporter: string; protocol: string; datagrams: number; records: number; lost: number; refused: Record<string, number>;
  unknown_sampling: number; sampling_rate: number; skew_ms: number; age_ms: number;
}
export interface Finding { code: string; severity: "problem" | "notice"; exporter: string | null; parameters: Record<string, string | number>; text: string }
export interface Note {
  version: string; written_ms: number; collector: string; collector_trouble: string; facts_waiting: number;
  storage_trouble: string; alerts_trouble: string; second: number; records_per_s: number; bits_per_s: Rate;
  exporters: Exporter[]; exporters_left_out: number; findings: Finding[];
}
export interface Health { at_ms: number; node: NodeStanding; note: Note | null }
export interface FactRow { number: number; at_ms: number; kind: string; leaf_hash: string; body: string }
export interface Ledger { at_ms: number; size: number; root: string; facts: FactRow[] }
export interface Proof { fact: FactRow; size: number; root: string; path: string[] }

export class Refused extends Error {
  constructor(readonly kind: string, readonly why: string, readonly remedy: string) {
    super(why);
  }
}

let csrf = "";

async function answer(response: Response): Promise<Response> {
  if (response.ok) return response;
  let told = { kind: "outside", why: response.statusText, remedy: "" };
  try {
    told = { ...told, ...(await response.json()) };
  } catch {
    // Whatever stands between did not speak for the console.
  }
  throw new Refused(told.kind, told.why, told.remedy);
}

async function asked(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch {
    throw new Refused("silent", "", "");
  }
  return answer(response);
}

export async function get<T>(path: string): Promise<T> {
  return (await asked(path)).json() as Promise<T>;
}

/** Seconds that the Situation's chart goes back. */
export const SITUATION_S = 120;

export const filterAsked = (filter: string): string => new URLSearchParams(filter ? { filter } : {}).toString();
/** As `tidegate.console.server` asks browsers to begin with, where nothing is filtered. */
export const situationPath = (asked: string): string => `/api/situation?seconds=${SITUATION_S}&${asked}`;

export async function getBytes(path: string): Promise<ArrayBuffer> {
  return (await asked(path)).arrayBuffer();
}

export async function post<T>(path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = csrf ? { "x-tidegate-csrf": csrf } : {};
  if (body !== undefined) headers["content-type"] = "application/json";
  const init: RequestInit = { method: "POST", headers };
  if (body !== undefined) init.body = JSON.stringify(body);
  return (await asked(path, init)).json() as Promise<T>;
}

export async function whoAmI(): Promise<Me> {
  const me = await get<Me>("/api/me");
  csrf = me.csrf;
  return me;
}
