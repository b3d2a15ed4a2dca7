/**
 * Kubernetes quantities: `100m`, `1.5`, `64Mi`, `2e3`. Kept as an exact decimal fraction of bigints, as far down as
 * nano-units; finer amounts are rounded up, as apimachinery does.
 */

/** Decimal suffixes by power of ten, binary ones by power of two. */
const decimal: Record<string, number> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Record<string, number> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const nano = 1_000_000_000n;
/** apimachinery caps amounts at 2^63 − 1. */
const largest = (2n ** 63n - 1n) * nano;

export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

interface Parsed {
  nanos: bigint;
  format: QuantityFormat;
}

const pattern = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)((?:[eE][+-]?\d{1,9})|[KMGTPE]i|[numkMGTPE])?$/;

function read(text: string): Parsed | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, sign, digits, suffix = ""] = match;
  const [whole, fraction = ""] = digits.split(".");
  let format: QuantityFormat = "DecimalSI";
  let ten = -fraction.length;
  let two = 0;
  if (suffix in binary) {
    format = "BinarySI";
    two = binary[suffix];
  } else if (suffix in decimal) {
    ten += decimal[suffix];
  } else {
    format = "DecimalExponent";
    ten += Number(suffix.slice(1));
  }
  const amount = BigInt(whole + fraction);
  let nanos: bigint;
  if (amount === 0n) nanos = 0n;
  // Beyond these the answer is known: the cap, or the smallest amount.
  else if (ten > 100) nanos = largest;
  else if (ten + whole.length + fraction.length < -100) nanos = 1n;
  else {
    const top = amount * nano * (1n << BigInt(two)) * (ten > 0 ? 10n ** BigInt(ten) : 1n);
    nanos = ten < 0 ? divideUp(top, 10n ** BigInt(-ten)) : top;
  }
  if (nanos > largest) nanos = largest;
  return { nanos: sign === "-" ? -nanos : nanos, format };
}

/** Away from zero, as Quantity.RoundUp. */
function divideUp(top: bigint, bottom: bigint): bigint {
  return top >= 0n ? (top + bottom - 1n) / bottom : -((-top + bottom - 1n) / bottom);
}

/** Whether this can be read as a quantity. */
export function isQuantity(value: unknown): boolean {
  return (typeof value === "string" || typeof value === "number") && read(String(value)) !== undefined;
}

/** The amount in nano-units. @throws {TypeError} when it is no quantity. */
export function parseQuantity(value: string | number): bigint {
  const parsed = read(String(value));
  if (!parsed) throw new TypeError(`Cannot read quantity: ${JSON.stringify(value)}`);
  return parsed.nanos;
}

/** Thousandths, rounded up: the unit of CPU. */
export function cpuMillis(value: string | number): number {
  return Number(divideUp(parseQuantity(value), 1_000_000n));
}

/** Whole units, rounded up: bytes, counts. */
export function quantityBytes(value: string | number): number {
  return Number(divideUp(parseQuantity(value), nano));
}

/** As a number with fractions, for comparisons where precision does not matter. */
export function quantityNumber(value: string | number): number {
  return Number(parseQuantity(value)) / 1e9;
}

/** Below zero, zero or above, as sort wants it. */
export function compareQuantities(a: string | number, b: string | number): number {
  const [left, right] = [parseQuantity(a), parseQuantity(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The canonical text of an amount in nano-units: no fraction, the largest suffix that is exact. */
export function formatQuantity(nanos: bigint, format: QuantityFormat = "DecimalSI"): string {
  if (nanos === 0n) return "0";
  const sign = nanos < 0n ? "-" : "";
  const amount = nanos < 0n ? -nanos : nanos;
  if (format === "BinarySI" && amount % nano === 0n && amount >= 1024n * nano) {
    let units = amount / nano;
    let step = 0;
    while (step < 6 && units % 1024n === 0n) {
      units /= 1024n;
      step++;
    }
    return sign + units + ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][step];
  }
  let units = amount;
  let power = -9;
  while (power < 18 && units % 1000n === 0n) {
    units /= 1000n;
    power += 3;
  }
  if (format === "DecimalExponent") return sign + units + (power === 0 ? "" : `e${power}`);
  const suffix = Object.entries(decimal).find(([, exponent]) => exponent === power)![0];
  return sign + units + suffix;
}

/** A quantity in the form that the API server answers with: `0.5` → `500m`, `1000m` → `1`, `1024Ki` → `1Mi`. */
export function canonicalQuantity(value: string | number): string {
  const parsed = read(String(value));
  if (!parsed) throw new TypeError(`Cannot read quantity: ${JSON.stringify(value)}`);
  return formatQuantity(parsed.nanos, parsed.format);
}
