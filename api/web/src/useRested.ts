import { useEffect, useState } from "react";

/** Give a value once it has been the same for a while; null before. */
export function useRested(value: string, restMs: number): string | null {
  const [rested, setRested] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), restMs);
    return () => clearTimeout(timer);
  }, [value, restMs]);
  return rested;
}
