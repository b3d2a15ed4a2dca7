/**
 * `labelSelector`: text → a predicate. The whole grammar (`a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`,
 * `a>1`, `a<1`) and, where it is broken, apimachinery's words.
 */
import { labelValue, qualifiedName } from "../../objects/validation/names.ts";
import { badRequest } from "../status.ts";

type Labels = Readonly<Record<string, string>>;
type Test = (labels: Labels) => boolean;

type Token =
  | { t: "end" | "(" | ")" | "," | "!" | "==" | "=" | "!=" | ">" | "<" | "in" | "notin"; text: string }
  | { t: "word"; text: string };

const operators = ["in", "notin", "=", "==", "!=", "gt", "lt"].join(", ");

/** Reads a label selector; throws a 400 that tells what is wrong with it. */
export function labelSelector(text: string): (labels: Labels | undefined) => boolean {
  if (text === "") return () => true;
  const tests = new Parser(text).parse();
  return (labels = {}) => tests.every((test) => test(labels));
}

const quoted = (text: string) => `'${text}'`;

function broken(detail: string): Error {
  return badRequest(`unable to parse requirement: ${detail}`);
}

class Parser {
  #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokens(text);
  }

  parse(): Test[] {
    const tests: Test[] = [];
    for (;;) {
      const token = this.#look();
      if (token.t === "end") return tests;
      if (token.t !== "word" && token.t !== "!" && token.t !== "in" && token.t !== "notin") {
        throw badRequest(`found ${quoted(token.text)}, expected: !, identifier, or 'end of string'`);
      }
      tests.push(this.#requirement());
      const after = this.#take();
      if (after.t === "end") return tests;
      if (after.t !== ",") throw badRequest(`found ${quoted(after.text)}, expected: ',' or 'end of string'`);
      const next = this.#look();
      if (next.t !== "word" && next.t !== "!" && next.t !== "in" && next.t !== "notin") {
        throw badRequest(`found ${quoted(next.text)}, expected: identifier after ','`);
      }
    }
  }

  #look(): Token {
    return this.#tokens[this.#at];
  }

  #take(): Token {
    return this.#tokens[this.#at < this.#tokens.length - 1 ? this.#at++ : this.#at];
  }

  #requirement(): Test {
    let token = this.#take();
    const absent = token.t === "!";
    if (absent) token = this.#take();
    // `in` and `notin` are names of labels as well.
    if (token.t !== "word" && token.t !== "in" && token.t !== "notin") {
      throw broken(`found ${quoted(token.text)}, expected: identifier`);
    }
    const key = token.text;
    for (const wrong of qualifiedName(key)) throw broken(`key: Invalid value: ${JSON.stringify(key)}: ${wrong}`);
    if (absent) return (labels) => !Object.hasOwn(labels, key);
    const next = this.#look();
    if (next.t === "end" || next.t === ",") return (labels) => Object.hasOwn(labels, key);
    const operator = this.#take();
    switch (operator.t) {
      case "in":
      case "notin": {
        const values = new Set(this.#values(key));
        return operator.t === "in"
          ? (labels) => Object.hasOwn(labels, key) && values.has(labels[key])
          : (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key]);
      }
      case "=":
      case "==":
      case "!=": {
        const value = this.#value(key);
        return operator.t === "!="
          ? (labels) => !Object.hasOwn(labels, key) || labels[key] !== value
          : (labels) => Object.hasOwn(labels, key) && labels[key] === value;
      }
      case ">":
      case "<": {
        const value = this.#value(key);
        const limit = integer(value);
        if (limit === undefined) {
          const what = `values[0][${key}]: Invalid value: ${JSON.stringify(value)}`;
          throw broken(`${what}: for 'Gt', 'Lt' operators, the value must be an integer`);
        }
        return (labels) => {
          const found = Object.hasOwn(labels, key) ? integer(labels[key]) : undefined;
          return found !== undefined && (operator.t === ">" ? found > limit : found < limit);
        };
      }
      default:
        throw broken(`found ${quoted(operator.text)}, expected: ${operators}`);
    }
  }

  #value(key: string): string {
    const token = this.#look();
    if (token.t === "end" || token.t === ",") return "";
    this.#take();
    if (token.t !== "word" && token.t !== "in" && token.t !== "notin") {
      throw broken(`found ${quoted(token.text)}, expected: identifier`);
    }
    checkValue(key, token.text, 0);
    return token.text;
  }

  #values(key: string): string[] {
    const open = this.#take();
    if (open.t !== "(") throw broken(`found ${quoted(open.text)} expected: '('`);
    const values: string[] = [];
    let wanted = true;
    for (;;) {
      const token = this.#take();
      if (token.t === ")") {
        // `(a,)` has an empty value at its end.
        if (wanted) values.push("");
        values.forEach((value, at) => checkValue(key, value, at));
        return values;
      }
      if (token.t === ",") {
        if (wanted) values.push("");
        wanted = true;
      } else if ((token.t === "word" || token.t === "in" || token.t === "notin") && wanted) {
        values.push(token.text);
        wanted = false;
      } else throw broken(`found ${quoted(token.text)}, expected: ',', or ')'`);
    }
  }
}

function checkValue(key: string, value: string, at: number): void {
  for (const wrong of labelValue(value)) {
    throw broken(`values[${at}][${key}]: Invalid value: ${JSON.stringify(value)}: ${wrong}`);
  }
}

function integer(text: string): bigint | undefined {
  return /^[-+]?\d+$/.test(text) ? BigInt(text.replace("+", "")) : undefined;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const pattern = /\s*(==|!=|[=!><(),]|[^\s=!><(),]+)/gy;
  for (let match; (match = pattern.exec(text));) {
    const word = match[1];
    const special = /^(==|!=|[=!><(),]|in|notin)$/.test(word);
    found.push({ t: special ? word : "word", text: word } as Token);
  }
  return [...found, { t: "end", text: "" }];
}
