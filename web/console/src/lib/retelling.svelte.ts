// Sentences that plans, refusals and findings carry in English, told again in the reader's language: read back by
// the templates of /api/sentences, as `tidegate.model.labels.retelling` does for commands.

import { get } from "./api";
import { words, type Language } from "./words.svelte";

interface Sentence { english: string; told: string }
interface Pattern { pattern: RegExp; told: string }

const PLACE = /\{(\w+)\}/;
// First strong isolate and its end (Unicode UAX 9).
const [ISOLATE, END] = [String.fromCodePoint(0x2068), String.fromCodePoint(0x2069)];

class Retelling {
  patterns = $state.raw<Pattern[]>([]);
  #asked: Language = "en";

  /** Asks for the sentences of the reader's language, once; until they are there the English stands. */
  ask(language: Language): void {
    if (this.#asked === language) return;
    this.#asked = language;
    this.patterns = [];
    if (language === "en") return;
    void get<Sentence[]>(`/api/sentences/${language}`).then(
      (found) => {
        if (this.#asked === language) this.patterns = found.map((one) => ({ pattern: patternOf(one.english), told: one.told }));
      },
      () => (this.#asked = "en"),
    );
  }

  /** The sentence, or each of several, in the reader's language; the same text where no template makes it. */
  told(text: string): string {
    for (const { pattern, told } of this.patterns) {
      const found = pattern.exec(text);
      if (found) return told.replace(/\{(\w+)\}/g, (_, name: string) => isolated(this.told(found.groups?.[name] ?? "")));
    }
    const parts = this.patterns.length ? text.split(/(?<=\.) (?=[A-Z])/) : [text];
    return parts.length > 1 ? parts.map((part) => this.told(part)).join(" ") : text;
  }
}

/** A value inside a sentence from right to left keeps its own order. */
const isolated = (value: string): string => (words.direction === "rtl" ? ISOLATE + value + END : value);

function patternOf(english: string): RegExp {
  const texts = english.split(PLACE);
  const parts = texts.map((text, at) => {
    if (at % 2 === 0) return text.replace(/[.*+?^${}()|[\]\\\/]/g, "\\$&");
    return texts.slice(0, at).some((name, before) => before % 2 === 1 && name === text) ? `\\k<${text}>` : `(?<${text}>.*?)`;
  });
  return new RegExp(`^${parts.join("")}$`, "s");
}

export const retelling = new Retelling();
