// The reader's language: our own sentences (Fluent), and the labels that commands and print share.

import { FluentBundle, FluentNumber, FluentResource, type FluentVariable } from "@fluent/bundle";
import { get } from "./api";
import en from "../words/en";

export const LANGUAGES = { en: "English", ru: "Русский", fa: "فارسی", ar: "العربية", tr: "Türkçe", az: "Azərbaycanca" };
export type Language = keyof typeof LANGUAGES;
const RIGHT_TO_LEFT: Language[] = ["fa", "ar"];

const LOADERS: Record<Language, () => Promise<string>> = {
  en: async () => en,
  ru: async () => (await import("../words/ru")).default,
  fa: async () => (await import("../words/fa")).default,
  ar: async () => (await import("../words/ar")).default,
  tr: async () => (await import("../words/tr")).default,
  az: async () => (await import("../words/az")).default,
};

type Labels = Record<string, Record<string, string>>;

class Words {
  language = $state<Language>("en");
  bundle = $state.raw<FluentBundle>(bundleOf("en", en));
  labels = $state.raw<Labels>({});

  get direction(): "rtl" | "ltr" {
    return RIGHT_TO_LEFT.includes(this.language) ? "rtl" : "ltr";
  }

  /** ASCII digits in every language, as in print; separators are the language's own. */
  get locale(): string {
    return `${this.language}-u-nu-latn`;
  }

  async choose(language: Language): Promise<void> {
    const [text, labels] = await Promise.all([LOADERS[language](), get<Labels>(`/api/labels/${language}`)]);
    this.bundle = bundleOf(language, text);
    this.labels = labels;
    this.language = language;
    localStorage.setItem("language", language);
    document.documentElement.lang = language;
    document.documentElement.dir = this.direction;
  }

  /** A sentence of ours; values in it are isolated, so that they never flip. */
  say(key: string, values: Record<string, FluentVariable> = {}): string {
    const message = this.bundle.getMessage(key);
    if (!message?.value) return key;
    const told = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, typeof value === "number" ? new FluentNumber(value) : value]),
    );
    return this.bundle.formatPattern(message.value, told);
  }

  has(key: string): boolean {
    return this.bundle.hasMessage(key);
  }

  label(group: string, code: string): string {
    return this.labels[group]?.[code] ?? code;
  }
}

function bundleOf(language: Language, text: string): FluentBundle {
  const bundle = new FluentBundle(`${language}-u-nu-latn`);
  bundle.addResource(new FluentResource(text));
  return bundle;
}

export const words = new Words();

export function wanted(): Language {
  const told = [localStorage.getItem("language"), ...navigator.languages].map((one) => one?.split("-")[0]);
  return (told.find((one) => one && one in LANGUAGES) as Language | undefined) ?? "en";
}
