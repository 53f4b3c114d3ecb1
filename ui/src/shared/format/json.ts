const SCALAR = String.raw`(?:[-\d.eE+]+|"[^"\n]*"|true|false|null)`;
const FLAT = new RegExp(String.raw`\[\s+(${SCALAR}(?:,\s+${SCALAR})*)\s+\]`, "g");

/** JSON with indents, rows of plain values on one line: a table reads better so. Other text as it is. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2).replace(
      FLAT,
      (_, cells: string) => `[${cells.replace(/,\s+/g, ", ")}]`,
    );
  } catch {
    return text;
  }
}
