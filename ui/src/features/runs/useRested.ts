import { useEffect, useState } from "react";

/** A value once it has rested for a moment, so that half-typed paths are not looked at. */
export function useRested<T extends string | number>(value: T, ms = 350): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    if (value === rested) return;
    const timer = setTimeout(() => setRested(value), ms);
    return () => clearTimeout(timer);
  }, [value, rested, ms]);
  return rested;
}
