// Scenarios out of a form: what people type, taken apart and checked against the world.

import type { Scenario } from "./studies.svelte";

export interface Typed {
  kind: string; name: string; countries: string; others: string; networks: string; network: string; cable: string; exchange: string;
  organisation: string; peered: string; carried: string;
  point: string; carries: string; then: string; behind: string; wants: string; file: string;
}

/** What is missing or wrong, as a key of the page's words and what it is about. */
export class Wrong extends Error {
  constructor(readonly key: string, readonly value = "") {
    super(key);
  }
}

const list = (text: string): string[] => text.split(/[\s,;،؛]+/).filter(Boolean);

export function countries(text: string, known: string[], { needed = true } = {}): string[] {
  const codes = list(text).map((one) => one.toUpperCase());
  const strange = codes.filter((one) => !known.includes(one));
  if (strange.length) throw new Wrong("reh-wrong-country", strange.join(" "));
  if (needed && !codes.length) throw new Wrong("reh-need-country");
  return [...new Set(codes)];
}

export function autonomous(text: string): number[] {
  const found = list(text).map((one) => {
    const digits = /^(?:AS)?(\d{1,10})$/i.exec(one)?.[1];
    if (!digits || Number(digits) < 1 || Number(digits) >= 2 ** 32) throw new Wrong("reh-wrong-network", one);
    return Number(digits);
  });
  if (!found.length) throw new Wrong("reh-need-network");
  return found;
}

/** Two networks, as "AS64500 - AS64501" or, as the command writes it, "AS64500:AS64501"; several behind one another. */
export function pairs(text: string): { first: number; second: number }[] {
  return text.split(/[,;،؛\n]+/).map((one) => one.trim()).filter(Boolean).map((one) => {
    const [first, second, ...more] = one.split(/\s*[-–—:\s]\s*/);
    if (!first || !second || more.length) throw new Wrong("reh-wrong-link", one);
    return { first: autonomous(first)[0]!, second: autonomous(second)[0]! };
  });
}

function gigabits(text: string): number {
  const value = Number(text.replace(",", "."));
  if (!text.trim() || !(value >= 0 && value < 1e9)) throw new Wrong("reh-wrong-capacity", text);
  return Math.round(value * 1e9);
}

function demands(text: string): { network: number; bits_per_s: number }[] {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  if (!lines.length) throw new Wrong("reh-need-demand");
  return lines.map((line) => {
    const [network, rate, ...more] = line.split(/[\s=]+/);
    if (!network || !rate || more.length) throw new Wrong("reh-wrong-demand", line);
    return { network: autonomous(network)[0]!, bits_per_s: gigabits(rate) };
  });
}

const named = (value: string): string => {
  if (!value.trim()) throw new Wrong("reh-need-name");
  return value.trim();
};

function made(told: Typed, known: string[]): Scenario {
  const focus = (): string[] => countries(told.countries, known);
  switch (told.kind) {
    case "cut": {
      const codes = focus();
      return { name: `cut ${codes.join(" ")}`, change: codes.map((country) => ({ kind: "cut_country", country })) };
    }
    case "between": {
      const first = focus(), second = countries(told.others, known);
      return { name: `cut ${first.join(" ")} from ${second.join(" ")}`, change: [{ kind: "cut_between", first, second }], focus: first };
    }
    case "withdraw": {
      const [network] = autonomous(told.network), [country] = focus();
      return { name: `AS${network} withdraws from ${country}`, change: [{ kind: "withdraw", network, country }] };
    }
    case "remove": {
      const networks = autonomous(told.networks);
      return { name: `without ${networks.map((one) => `AS${one}`).join(" ")}`, change: [{ kind: "remove_networks", networks }], focus: focus() };
    }
    case "organisation":
      return {
        name: `without ${named(told.organisation)}`, focus: focus(),
        change: [{ kind: "remove_organisation", organisation: told.organisation.trim() }],
      };
    case "links": {
      if (!told.peered.trim() && !told.carried.trim()) throw new Wrong("reh-need-link");
      return { name: "new links", change: [], focus: focus() };
    }
    case "cable":
      return { name: `cable ${named(told.cable)} fails`, change: [{ kind: "fail_cable", cable: told.cable.trim() }], focus: focus() };
    case "exchange":
      return { name: `exchange ${named(told.exchange)} fails`, change: [{ kind: "fail_exchange", exchange: told.exchange.trim() }], focus: focus() };
    case "alliance": {
      const codes = focus();
      return { name: `${codes.join(" ")} alone`, change: [{ kind: "alliance", countries: codes }] };
    }
    default: {
      const point = named(told.point), then = gigabits(told.then);
      return {
        name: `${point} carries ${told.then.trim()} Gbps`, focus: focus(),
        change: [{ kind: "throttle", border_point: point, capacity_bits_per_s: then }],
        border_point: [{ name: point, capacity_bits_per_s: gigabits(told.carries), networks: autonomous(told.behind) }],
        demand: demands(told.wants),
      };
    }
  }
}

/** Wrong where something is missing, or the world does not have it. New links stand behind what is lost, as the
 * command's `--peer` and `--carry` do. */
export function scenario(told: Typed, known: string[]): Scenario {
  const lost = made(told, known);
  const links = [...pairs(told.peered), ...pairs(told.carried).map((one) => ({ ...one, relation: "provider" }))];
  const found = links.length ? { ...lost, change: [...lost.change, { kind: "add_links", links }] } : lost;
  return told.name.trim() ? { ...found, name: told.name.trim() } : found;
}
