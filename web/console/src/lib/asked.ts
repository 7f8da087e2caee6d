// What a study asked, in a line: a scenario's own name, else in the reader's words.

import { people } from "./reach";
import type { Asked } from "./studies.svelte";
import { words } from "./words.svelte";

export function asked(told: Asked): string {
  switch (told.about) {
    case "world": return words.say("asked-world");
    case "scenario": return told.scenario.name;
    case "alliance":
      return told.countries.length
        ? words.say("asked-allied", { countries: told.countries.join(words.say("comma")) })
        : words.say("asked-coalitions", { people: people(told.at_least || 5e8) });
    case "audit": return words.say("asked-audit");
    case "what_if": return told.what_if.name;
    case "rehearsed": return words.say("asked-rehearsed", { scenario: told.scenario.name });
    case "policy": return words.say("asked-policy");
    case "diff": return words.say("asked-diff", { before: told.before });
    case "advice": return words.say("asked-advice");
    case "service": return words.say("asked-service", { service: told.service });
  }
}
