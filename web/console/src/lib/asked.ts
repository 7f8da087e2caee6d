// What a study asked, in a line: a name that somebody gave stays as it is, one that this page gave is told in the
// reader's words.

import { people } from "./reach";
import type { Asked } from "./studies.svelte";
import { words } from "./words.svelte";

/** Names that the forms of this page give are kept in English, so that the same question is the same for everybody. */
const GIVEN: [RegExp, string][] = [
  [/^cut (.+) from (.+)$/, "named-between"],
  [/^cut (.+)$/, "named-cut"],
  [/^(.+) is cut off$/, "named-cut"],
  [/^(AS\d+) withdraws from (.+)$/, "named-leaves"],
  [/^without (.+)$/, "named-without"],
  [/^new links$/, "named-links"],
  [/^cable (.+) fails$/, "named-cable"],
  [/^exchange (.+) fails$/, "named-exchange"],
  [/^(.+) alone$/, "named-alone"],
  [/^(.+) carries (\S+) Gbps$/, "named-carries"],
  [/^all providers of (.+) withdraw$/, "named-law-withdraws"],
  [/^(.+) withdraws$/, "named-withdraws"],
  [/^(.+) cannot be reached$/, "named-unreachable"],
  [/^(.+) issues no more$/, "named-issues-no-more"],
  [/^(.+) is no longer delegated$/, "named-undelegated"],
  [/^(.+) stops$/, "named-stops"],
];

export function named(name: string): string {
  for (const [shape, key] of GIVEN) {
    const found = shape.exec(name);
    if (found) return words.say(key, { first: found[1] ?? "", second: found[2] ?? "" });
  }
  return name;
}

/** A world that is no file has a name in the reader's words. */
export const worldName = (world: string): string => (["imported", "synthetic"].includes(world) ? words.say(`reh-world-${world}`) : world);

export function asked(told: Asked): string {
  switch (told.about) {
    case "world": return words.say("asked-world");
    case "scenario": return named(told.scenario.name);
    case "alliance":
      return told.countries.length
        ? words.say("asked-allied", { countries: told.countries.join(words.say("comma")) })
        : words.say("asked-coalitions", { people: people(told.at_least || 5e8) });
    case "audit": return words.say("asked-audit");
    case "what_if": return named(told.what_if.name);
    case "rehearsed": return words.say("asked-rehearsed", { scenario: named(told.scenario.name) });
    case "policy": return words.say("asked-policy");
    case "diff": return words.say("asked-diff", { before: told.before });
    case "advice": return words.say("asked-advice");
    case "service": return words.say("asked-service", { service: told.service });
  }
}
