/**
 * What a plain scalar means. Kubernetes reads YAML 1.1 as Go's library does: `yes` and `on` are booleans, `0644` is
 * octal; a date stays a string.
 */

const words = new Map<string, boolean | null>();
for (const word of ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]) words.set(word, true);
for (const word of ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]) words.set(word, false);
for (const word of ["", "~", "null", "Null", "NULL"]) words.set(word, null);

const float = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;

/** The value of a scalar that stands without quotes. */
export function plainScalar(source: string): string | number | boolean | null {
  const word = words.get(source);
  if (word !== undefined) return word;
  const first = source.charCodeAt(0);
  // Only signs, digits and a dot can begin a number.
  if (!(first === 43 || first === 45 || first === 46 || (first >= 48 && first <= 57))) return source;
  return readNumber(source) ?? source;
}

function readNumber(source: string): number | undefined {
  const text = source.replaceAll("_", "");
  const sign = text.startsWith("-") ? -1 : 1;
  const digits = text.replace(/^[-+]/, "");
  if (/^0x[0-9a-fA-F]+$/.test(digits) || /^0b[01]+$/.test(digits) || /^0o[0-7]+$/.test(digits)) {
    return sign * Number(digits);
  }
  if (/^0[0-7]+$/.test(digits)) return sign * parseInt(digits, 8);
  if (/^\d+$/.test(digits) || float.test(text)) return sign * Number(digits);
  if (/^\.(inf|Inf|INF)$/.test(digits)) return sign * Infinity;
  if (/^\.(nan|NaN|NAN)$/.test(source)) return NaN;
  return undefined;
}

/** The value of a scalar with an explicit tag, or undefined when the tag means nothing here. */
export function taggedScalar(tag: string, source: string): string | number | boolean | null | undefined {
  switch (tag) {
    case "tag:yaml.org,2002:str":
    case "!":
      return source;
    case "tag:yaml.org,2002:int":
    case "tag:yaml.org,2002:float":
      return readNumber(source);
    case "tag:yaml.org,2002:bool": {
      const value = words.get(source);
      return typeof value === "boolean" ? value : undefined;
    }
    case "tag:yaml.org,2002:null":
      return words.get(source) === null ? null : undefined;
    default:
      return undefined;
  }
}
