// Every area's words in this language, one file of them each, as one text.

const parts = import.meta.glob<string>("./*.ftl", { eager: true, query: "?raw", import: "default" });
export default Object.values(parts).join("\n");
