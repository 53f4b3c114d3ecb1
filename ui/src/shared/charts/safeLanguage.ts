// uPlot formats numbers with navigator.language when its module is loaded, and throws where that
// is no language tag: WebKitGTK under LANG=C answers "c". This module must be imported before it.
export function languageTag(candidate: string | undefined): string {
  try {
    return candidate ? (Intl.getCanonicalLocales(candidate)[0] ?? "en") : "en";
  } catch {
    return "en";
  }
}

const safe = languageTag(navigator.language);
const usable = (() => {
  try {
    new Intl.NumberFormat(navigator.language);
    return true;
  } catch {
    return false;
  }
})();
if (!usable) {
  const tag = safe === navigator.language ? "en" : safe;
  Object.defineProperty(navigator, "language", { configurable: true, get: () => tag });
}
