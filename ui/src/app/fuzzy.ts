/** How well `query` fits `text`, and where; null when its letters are not there in order. Higher is better. */
export function fuzzy(query: string, text: string): { score: number; at: readonly number[] } | null {
  const wanted = fold(query);
  const letters = fold(text);
  if (wanted === "") return { score: 0, at: [] };
  const whole = letters.indexOf(wanted);
  if (whole >= 0) {
    const start = whole === 0 || !isWord(letters[whole - 1]);
    return {
      score: 100 + (start ? 40 : 0) + (whole === 0 ? 20 : 0) - text.length * 0.1,
      at: Array.from({ length: wanted.length }, (_, index) => whole + index),
    };
  }
  const at: number[] = [];
  let score = 0;
  let from = 0;
  for (const letter of wanted) {
    if (letter === " ") continue;
    const found = letters.indexOf(letter, from);
    if (found < 0) return null;
    if (found === from && at.length > 0) score += 6;
    if (found === 0 || !isWord(letters[found - 1])) score += 8;
    score -= Math.min(5, found - from) * 0.5;
    at.push(found);
    from = found + 1;
  }
  return { score: score - text.length * 0.1, at };
}

/** Lower case without accents, one letter for one letter, so that places stay the same. */
function fold(text: string): string {
  return Array.from(text, (letter) => letter.normalize("NFD")[0]?.toLowerCase() ?? letter).join("");
}

function isWord(letter: string | undefined): boolean {
  return letter !== undefined && /[\p{L}\p{N}]/u.test(letter);
}
