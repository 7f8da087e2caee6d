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
export interface ReplyTo { recipients: string[]; mark: Mark; precedence: string; tlp: string; pap: string; accord: string; carried: CodedField[] }
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

export interface SlotRow { field: string; label: string; kind: string; vocabulary: string; least: number; most: number }
export interface FormRow { name: string; label: string; answers: "never" | "may" | "must"; slots: SlotRow[]; senior_only: string[] }
export interface Choice { code: string; label: string }
export interface Forms {
  forms: FormRow[]; vocabularies: Record<string, Choice[]>; expected: Record<string, string>; heads: Record<string, string>;
}
export interface CodedField { name: string; values: string[] }
export interface Draft {
  recipients: string[]; form: string; mark: string; precedence: string; level: string; tlp: string; pap: string;
  accord: string; answers: string | null; reference: string; expires_in_s: number | null; language: string;
  fields: CodedField[]; remarks: string; attachments: { name: string; body: string }[];
}
export interface RecipientRow { organisation: string; name: string; country: string; languages: string[]; alive: boolean }
export interface Preview { letter: LetterView; recipients: RecipientRow[]; problems: string[]; marks: string[]; officers: string[] }

export const MARKS: Mark[] = ["REAL", "DRILL"];
export const PRECEDENCES = ["FLASH", "IMMEDIATE", "PRIORITY", "ROUTINE"];
export const TLPS = ["TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"];
export const PAPS = ["PAP:RED", "PAP:AMBER", "PAP:GREEN", "PAP:CLEAR"];
export const LEVELS: Level[] = ["desk", "centre", "senior"];

/** As fields hold a time: UTC to the second. */
export const timeValue = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Typed values, one a line; where a value holds no spaces, those part values too. */
export function typedValues(text: string, kind: string): string[] {
  const parts = kind === "line" || kind === "phone" ? text.split("\n") : text.split(/\s+/);
  return [...new Set(parts.map((one) => one.trim()).filter(Boolean))];
}

export async function base64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export interface ReceiptClock extends Due { message: string; mark: Mark; precedence: string; name: string; came: boolean }
export interface HotlinePart { answers: boolean; waiting: ReceivedRow[]; to_sign: SentRow[]; clocks: ReceiptClock[]; left_out: number }

const LRI = String.fromCodePoint(0x2066), PDI = String.fromCodePoint(0x2069);

/** A code set apart from what surrounds it, where no element can do that. */
export const apart = (code: string): string => LRI + code + PDI;

export interface WitnessesView { at_ms: number; size: number; root: string; witnesses: { name: string; size: number; at_ms: number }[] }
