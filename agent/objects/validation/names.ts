/**
 * What names, labels, keys, ports and addresses may look like. Every check returns what is wrong, in the words of
 * apimachinery's `util/validation`; nothing when all is well.
 */

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dns1123LabelPattern = new RegExp(`^${label}$`);
const dns1123SubdomainPattern = new RegExp(`^${label}(\\.${label})*$`);
const underscoreLabel = "[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?";
const searchPattern = new RegExp(`^${underscoreLabel}(\\.${underscoreLabel})*$`);
const dns1035Pattern = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedPattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValuePattern = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const headerPattern = /^[-A-Za-z0-9]+$/;
const configKeyPattern = /^[-._a-zA-Z0-9]+$/;
const cIdentifierPattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const relaxedEnvPattern = /^[ -<>-~]+$/;

const dns1123LabelWords =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const dns1123SubdomainWords =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const searchWords =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const dns1035Words =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const nameWords =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const labelValueWords =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** Bytes as Go's len() counts them; names are nearly always ASCII. */
function length(text: string): number {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(text) ? text.length : new TextEncoder().encode(text).length;
}

const tooLong = (limit: number) => `must be no more than ${limit} bytes`;
const empty = "must be non-empty";

/** `words (e.g. 'a',  or 'b', regex used for validation is '…')`, double space included. */
function withPattern(words: string, pattern: string, ...examples: string[]): string {
  const list = examples.map((example) => `'${example}'`).join(",  or ");
  return `${words} (e.g. ${list}, regex used for validation is '${pattern}')`;
}

export function dns1123Label(value: string): string[] {
  const wrong: string[] = [];
  if (length(value) > 63) wrong.push(tooLong(63));
  if (!dns1123LabelPattern.test(value)) {
    wrong.push(
      dns1123SubdomainPattern.test(value)
        ? "must not contain dots"
        : withPattern(dns1123LabelWords, "[a-z0-9]([-a-z0-9]*[a-z0-9])?", "my-name", "123-abc"),
    );
  }
  return wrong;
}

export function dns1123Subdomain(value: string): string[] {
  const wrong: string[] = [];
  if (length(value) > 253) wrong.push(tooLong(253));
  if (!dns1123SubdomainPattern.test(value)) {
    wrong.push(
      withPattern(
        dns1123SubdomainWords,
        "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
        "example.com",
      ),
    );
  }
  return wrong;
}

/** A DNS search domain, where underscores are in use. */
export function searchDomain(value: string): string[] {
  const wrong: string[] = [];
  if (length(value) > 253) wrong.push(tooLong(253));
  if (!searchPattern.test(value)) {
    wrong.push(
      withPattern(
        searchWords,
        "[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*",
        "example.com",
      ),
    );
  }
  return wrong;
}

export function dns1035Label(value: string): string[] {
  const wrong: string[] = [];
  if (length(value) > 63) wrong.push(tooLong(63));
  if (!dns1035Pattern.test(value)) {
    wrong.push(withPattern(dns1035Words, "[a-z]([-a-z0-9]*[a-z0-9])?", "my-name", "abc-123"));
  }
  return wrong;
}

/** `name` or `prefix/name`: label keys, annotation keys, resource names. */
export function qualifiedName(value: string): string[] {
  const wrong: string[] = [];
  const parts = value.split("/");
  if (parts.length > 2) {
    return [
      "a qualified name " +
      withPattern(nameWords, "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", "MyName", "my.name", "123-abc") +
      " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  const name = parts[parts.length - 1];
  if (parts.length === 2) {
    if (parts[0] === "") wrong.push("prefix part " + empty);
    else wrong.push(...dns1123Subdomain(parts[0]).map((words) => "prefix part " + words));
  }
  if (name === "") wrong.push("name part " + empty);
  else if (length(name) > 63) wrong.push("name part " + tooLong(63));
  if (!qualifiedPattern.test(name)) {
    wrong.push(
      "name part " +
        withPattern(nameWords, "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", "MyName", "my.name", "123-abc"),
    );
  }
  return wrong;
}

export function labelValue(value: string): string[] {
  const wrong: string[] = [];
  if (length(value) > 63) wrong.push(tooLong(63));
  if (!labelValuePattern.test(value)) {
    wrong.push(
      withPattern(
        labelValueWords,
        "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
        "MyValue",
        "my_value",
        "12345",
      ),
    );
  }
  return wrong;
}

/** The name of an environment variable: printable ASCII but `=`. */
export function envVarName(value: string): string[] {
  return relaxedEnvPattern.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** What the shell and most programs would take as a variable's name. */
export function cIdentifier(value: string): boolean {
  return cIdentifierPattern.test(value);
}

/** A key of a ConfigMap or Secret. */
export function configMapKey(value: string): string[] {
  const wrong: string[] = [];
  if (length(value) > 253) wrong.push(tooLong(253));
  if (!configKeyPattern.test(value)) {
    wrong.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  }
  if (value === ".") wrong.push("must not be '.'");
  else if (value === "..") wrong.push("must not be '..'");
  else if (value.startsWith("..")) wrong.push("must not start with '..'");
  return wrong;
}

export function httpHeaderName(value: string): string[] {
  return headerPattern.test(value) ? [] : [
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
  ];
}

export function portNumber(value: number): string[] {
  return Number.isInteger(value) && value >= 1 && value <= 65535 ? [] : ["must be between 1 and 65535, inclusive"];
}

/** An IANA_SVC_NAME. */
export function portName(value: string): string[] {
  const wrong: string[] = [];
  if (length(value) > 15) wrong.push("must be no more than 15 characters");
  if (!/^[-a-z0-9]+$/.test(value)) wrong.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(value)) wrong.push("must contain at least one letter (a-z)");
  if (value.includes("--")) wrong.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) wrong.push("must not begin or end with a hyphen");
  return wrong;
}

/** An IPv4 or IPv6 address in the form that Kubernetes takes. */
export function ipAddress(value: string): string[] {
  return isIPv4(value) || isIPv6(value) ? [] : ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
}

export function isIPv4(value: string): boolean {
  const parts = value.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIPv6(value: string): boolean {
  if (!value.includes(":") || !/^[0-9a-fA-F:.]+$/.test(value)) return false;
  const halves = value.split("::");
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === "") continue;
    const parts = half.split(":");
    for (const [at, part] of parts.entries()) {
      const last = index === halves.length - 1 && at === parts.length - 1;
      if (last && part.includes(".")) {
        if (!isIPv4(part)) return false;
        groups += 2;
      } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups++;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

/** `10.0.0.0/8`. */
export function isCIDR(value: string): boolean {
  const [address, bits, ...rest] = value.split("/");
  if (rest.length || bits === undefined || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false;
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
}

/** A name that can stand in a URL's path: what RBAC names are held to. */
export function pathSegment(value: string): string[] {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].filter((text) => value.includes(text)).map((text) => `may not contain '${text}'`);
}

/** A relative path that stays below where it starts. */
export function localDescendingPath(value: string): string[] {
  const wrong: string[] = [];
  if (value.startsWith("/")) wrong.push("must be a relative path");
  return [...wrong, ...noBacksteps(value)];
}

export function noBacksteps(value: string): string[] {
  return value.split("/").includes("..") ? ["must not contain '..'"] : [];
}

/** A file's name below a volume: relative, without `..`, and not beginning with two dots. */
export function localNonReservedPath(value: string): string[] {
  return [
    ...localDescendingPath(value),
    ...(value.startsWith("..") && value.split("/")[0] !== ".." ? ["must not start with '..'"] : []),
  ];
}
