/**
 * CPU arithmetic: millicores → shares and quota as kubelet does, and shares ↔ weight by the linear form that
 * Kubernetes uses for pod cgroups; newer runtimes use a quadratic one for containers.
 */

export const minShares = 2;
export const maxShares = 262144;
export const defaultPeriodUs = 100_000;
export const minQuotaUs = 1000;

/** Millicores → cpu.shares; nothing asked for is the minimum. */
export function sharesOfMillis(millis: number): number {
  if (millis <= 0) return minShares;
  return clamp(Math.floor((millis * 1024) / 1000), minShares, maxShares);
}

/** Millicores → CFS quota in µs; 0 millicores is no quota (0), as kubelet has it. */
export function quotaOfMillis(millis: number, periodUs: number = defaultPeriodUs): number {
  if (millis <= 0) return 0;
  return Math.max(minQuotaUs, Math.floor((millis * periodUs) / 1000));
}

/** cpu.shares → cpu.weight: 1 + (shares − 2)·9999/262142. */
export function weightOfShares(shares: number): number {
  const value = clamp(shares, minShares, maxShares);
  return 1 + Math.floor(((value - 2) * 9999) / 262142);
}

/** cpu.weight → the smallest cpu.shares that has this weight. */
export function sharesOfWeight(weight: number): number {
  const value = clamp(weight, 1, 10000);
  return 2 + Math.ceil(((value - 1) * 262142) / 9999);
}

/**
 * cpu.shares → cpu.weight as newer runtimes convert a container's (runc 1.3.2 and crun 1.23 on): 1024 shares are weight
 * 100, the kernel's own default, and both ends stay where they were.
 */
export function quadraticWeightOfShares(shares: number): number {
  const value = clamp(shares, minShares, maxShares);
  if (value === minShares) return 1;
  if (value === maxShares) return 10000;
  const log = Math.log2(value);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** Which of the two a runtime used, where a weight tells. */
export function weightForm(shares: number, weight: number): "linear" | "quadratic" | undefined {
  const linear = weightOfShares(shares), quadratic = quadraticWeightOfShares(shares);
  if (linear === quadratic) return undefined;
  return weight === linear ? "linear" : weight === quadratic ? "quadratic" : undefined;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, Math.trunc(value)));
}
