// Numbers, rates and moments as the reader's language writes them.

import type { Match, Action, Rate } from "./api";
import { words } from "./words.svelte";

const STEPS: [number, string][] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]];

const made = new Map<string, Intl.NumberFormat>();

/** Making one takes a hundred times as long as using it. `name` stands for the options. */
function written(name: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${words.locale} ${name}`;
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.NumberFormat(words.locale, options)));
  return found;
}

export function number(value: number, digits = 0): string {
  return written(`fraction ${digits}`, { maximumFractionDigits: digits }).format(value);
}

function step(value: number): [number, string] {
  return STEPS.find(([factor]) => Math.abs(value) >= factor * 0.9995) ?? [1, ""];
}

function threeDigits(value: number): string {
  const digits = Math.max(3, String(Math.trunc(Math.abs(value))).length);
  return written(`digits ${digits}`, { maximumSignificantDigits: digits }).format(value);
}

function inUnit(text: string, prefix: string, unit: string): string {
  const label = words.label("unit", prefix + unit);
  return label.includes("{number}") ? label.replace("{number}", text) : `${text} ${prefix}${unit}`;
}

const BYTES = { T: "terabyte", G: "gigabyte", M: "megabyte", k: "kilobyte", "": "byte" };

/** As "1.2 TB", by powers of a thousand. */
export function bytes(value: number): string {
  const [factor, prefix] = step(value);
  const unit = BYTES[prefix as keyof typeof BYTES];
  return written(unit, { style: "unit", unit, unitDisplay: "short", maximumSignificantDigits: 3 }).format(value / factor);
}

export function rate(value: number, unit: "bps" | "pps" = "bps"): string {
  let [factor, prefix] = step(value);
  if (unit === "pps" && prefix === "T") [factor, prefix] = [1e9, "G"];
  return inUnit(threeDigits(value / factor), prefix, unit);
}

/** For an axis, which a canvas draws and nothing isolates: digits and the SI prefix alone, "600 M". */
export function short(value: number): string {
  const [factor, prefix] = step(value);
  return `${threeDigits(value / factor)} ${prefix}`.trim();
}

/** The estimate with its 90 % interval, all in the unit of the estimate. */
export function interval(told: Rate, unit: "bps" | "pps" = "bps"): string {
  const [factor, prefix] = step(told.estimate);
  const low = threeDigits(told.low / factor), high = threeDigits(told.high / factor);
  return words.say("interval", {
    estimate: inUnit(threeDigits(told.estimate / factor), prefix, unit), low, high,
  });
}

/** Arabic's percent sign brings marks that would turn a whole interval around it: isolated, it turns nothing else. */
export function share(millionths: number): string {
  const told = written("share", { style: "percent", maximumFractionDigits: 1 }).format(millionths / 1e6);
  return told.includes("\u200e") ? `\u2066${told.replaceAll("\u200e", "")}\u2069` : told;
}

export function shareInterval(told: Rate): string {
  return words.say("interval", { estimate: share(told.estimate), low: share(told.low), high: share(told.high) });
}

const two = (value: number): string => String(value).padStart(2, "0");

/** UTC to the second, the same in every language. */
export function utc(ms: number): string {
  const at = new Date(ms);
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())} ${clock(ms)}`;
}

export function clock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} UTC`;
}

/** The reader's own day and hour; in Persian by the Persian calendar too. */
export function local(ms: number): string {
  const asked: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" };
  const gregorian = new Intl.DateTimeFormat(`${words.language}-u-nu-latn-ca-gregory`, asked).format(ms);
  if (words.language !== "fa") return gregorian;
  const persian = new Intl.DateTimeFormat("fa-u-nu-latn-ca-persian", { dateStyle: "medium" }).format(ms);
  return `${gregorian} · ${persian}`;
}

/** As "2 h 4 min": the two greatest units that are not zero. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), "day"],
    [Math.floor(seconds / 3600) % 24, "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [seconds % 60, "second"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  const told = first < 0 ? [[0, "second"] as [number, string]] : parts.slice(first, first + 2).filter(([count]) => count > 0);
  return told
    .map(([count, unit]) => written(unit, { style: "unit", unit, unitDisplay: "short" }).format(count))
    .join(" ");
}

/** A signed difference of clocks, as "-0.3 sec". */
export function seconds(ms: number): string {
  return written("tenths", { style: "unit", unit: "second", unitDisplay: "short", maximumFractionDigits: 1 }).format(ms / 1000);
}

const PROTOCOLS: Record<number, string> = { 1: "icmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 58: "icmpv6" };
const FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"];

const ranges = (told: { first: number; last: number }[]): string =>
  told.map((one) => (one.first === one.last ? `${one.first}` : `${one.first}-${one.last}`)).join(",");

const flags = (bits: number): string => FLAGS.filter((_, at) => bits & (1 << at)).join("+") || "none";

/** What a rule matches, as code: the same in every language, and always left to right. */
export function match(told: Match): string {
  const parts = [`dst ${told.destination}`];
  if (told.source) parts.push(`src ${told.source}`);
  if (told.protocols.length) parts.push(`proto ${told.protocols.map((one) => PROTOCOLS[one] ?? one).join(",")}`);
  if (told.source_ports.length) parts.push(`sport ${ranges(told.source_ports)}`);
  if (told.destination_ports.length) parts.push(`dport ${ranges(told.destination_ports)}`);
  if (told.icmp_types.length) parts.push(`icmp-type ${told.icmp_types.join(",")}`);
  if (told.tcp_flags) parts.push(`flags ${flags(told.tcp_flags.are)}/${flags(told.tcp_flags.among)}`);
  if (told.packet_lengths.length) parts.push(`length ${ranges(told.packet_lengths)}`);
  if (told.fragments.length) parts.push(`fragment ${told.fragments.join(",")}`);
  return parts.join(" ");
}

export function action(told: Action): string {
  if (told.type === "RateLimit") return words.say("action-limit", { rate: rate((told.bytes_per_s ?? 0) * 8) });
  if (told.type === "Drop") return words.say("action-drop");
  if (told.type === "Blackhole") return words.say("action-blackhole", { hop: told.next_hop ?? "" });
  return words.say("action-redirect", { target: told.route_target ?? "" });
}
