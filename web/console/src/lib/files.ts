// A table as a file: CSV and JSON with the API's own names, the same in every language.

type Cell = string | number | boolean | null;

/** Values inside values become columns "rate.estimate"; lists of plain values are set apart by spaces. */
function flat(value: unknown, name: string, into: Record<string, Cell>): void {
  if (value === null || value === undefined) into[name] = null;
  else if (Array.isArray(value)) into[name] = value.every((one) => typeof one !== "object") ? value.join(" ") : JSON.stringify(value);
  else if (typeof value === "object") for (const [key, one] of Object.entries(value)) flat(one, name ? `${name}.${key}` : key, into);
  else into[name] = value as Cell;
}

/** Quoted where it must be (RFC 4180); a text that a spreadsheet would take for a formula is none. */
function cell(value: Cell): string {
  if (value === null) return "";
  let text = String(value);
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(rows: readonly object[]): string {
  const told = rows.map((row) => {
    const into: Record<string, Cell> = {};
    flat(row, "", into);
    return into;
  });
  const columns = [...new Set(told.flatMap((row) => Object.keys(row)))];
  return [columns.map(cell), ...told.map((row) => columns.map((name) => cell(row[name] ?? null)))]
    .map((row) => row.join(","))
    .join("\r\n");
}

export function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
