/** Spans of time in kubectl's short form: two units at most, the second only while it matters. */

/** `45s`, `5m30s`, `12m`, `3h5m`, `20h`, `3d4h`, `200d`, `2y30d`. */
export function shortDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return pair(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return pair(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? pair(years, "y", days % 365, "d") : `${years}y`;
}

function pair(first: number, unit: string, second: number, smaller: string): string {
  return second === 0 ? `${first}${unit}` : `${first}${unit}${second}${smaller}`;
}

/** How long ago a stamp was; `<unknown>` without one. */
export function age(stamp: string | null | undefined, now: number): string {
  const at = stamp ? Date.parse(stamp) : NaN;
  return Number.isNaN(at) ? "<unknown>" : shortDuration(now - at);
}
