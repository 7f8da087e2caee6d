// The hotline as this page shows it. The shapes are those of /api/openapi.json.

import type { NodeStanding } from "./api";

export type Level = "desk" | "centre" | "senior";
export type Mark = "REAL" | "DRILL";
export type Receipt = "R1" | "R2" | "R3";

export interface MessageHead {
  message: string; mark: Mark; precedence: string; level: Level; tlp: string; form: string; word: string;
  reference: string; composed_at_ms: number; answers: string | null; readable: boolean;
}
export interface Due { awaited: Receipt | null; due_ms: number | null; overdue: Level | null }
export interface ReceivedRow extends Due {
  head: MessageHead; sender: string; sender_name: string; stored_at_ms: number; opened_at_ms: number | null;
  answered_at_ms: number | null; waits: boolean;
}
export interface CopyRow extends Due {
  recipient: string; name: string; stage: string; relay: string; r1_ms: number | null; r2_ms: number | null;
  r3_ms: number | null; word_ms: number | null; why: string;
}
export interface SentRow {
  head: MessageHead; stage: string; signed: string[]; officers: number; copies: CopyRow[]; waits: boolean;
}
export interface WordRow {
  message: string; sender_name: string; code: string; mark: Mark; level: Level; reference: string;
  composed_at_ms: number; heard_at_ms: number;
}
export interface PathView {
  path: string; state: "alive" | "silent" | "untried"; last_life_s: number | null; last_failure: string;
  round_trip_ms: number | null; reached_permille: number | null;
}
export interface PeerView {
  organisation: string; name: string; country: string; languages: string[]; card_until_s: number;
  last_life_s: number | null; paths: PathView[]; waiting: number; overdue: number; unread: number;
  last_drill_s: number | null; drills: number; machine_answers: number; human_asked: number; human_answers: number;
}
export interface HotlineView {
  at_ms: number; node: NodeStanding; founded: boolean; organisation: string; name: string; card_until_ms: number;
  officers: { name: string; level: Level }[]; peers: PeerView[]; findings: string[]; words: WordRow[];
  inbox: ReceivedRow[]; inbox_older: number | null; outbox: SentRow[]; outbox_older: number | null;
  may_draft: boolean; option: string;
}
export interface Older<Row> { at_ms: number; messages: Row[]; older: number | null }
export interface LetterRow {
  kind: "mark" | "title" | "head" | "field" | "caution" | "heading" | "text" | "end"; label: string; values: string[];
  language: string; direction: "rtl" | "ltr" | ""; original_label: string; original_values: string[];
}
export interface LetterView { mark: Mark; language: string; original: string; rows: LetterRow[] }
export interface ReplyTo { recipients: string[]; mark: Mark; precedence: string; tlp: string; pap: string; accord: string }
export interface MessageView {
  at_ms: number; message: string; received: ReceivedRow | null; sent: SentRow | null; letter: LetterView | null;
  reply: ReplyTo | null; facts: number[]; same_node: boolean; may_draft: boolean; option: string;
}

/** First digits of a message's name: enough for a command. */
export const NAMED = 12;

export const RECEIPTS: Record<Receipt, string> = { R1: "receipt-stored", R2: "receipt-opened", R3: "receipt-answered" };

export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A file for the reader's own disk. */
export function save(name: string, type: string, body: BlobPart): void {
  const url = URL.createObjectURL(new Blob([body], { type }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
