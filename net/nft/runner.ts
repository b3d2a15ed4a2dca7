/**
 * What the rest asks of nftables: run a transaction, read a table of ours. Measured on 2 cores with nft 1.0.6: one changed
 * element takes 0.6 ms through libnftables.so.1 (`library.ts`) and 8 ms with an `nft` process (`process.ts`). So transactions
 * go through the library where there is one. Tables are read from the kernel by ourselves (`contents.ts`).
 */
import { type Family } from "../addr.ts";
import { type TableReader } from "./contents.ts";

export interface NftRunner {
  /** Runs a script as one transaction: all of it or nothing. @throws NftError if it is refused. */
  run(script: string): Promise<void>;
  /** Shows a table; nothing where there is none. */
  readTable(family: Family, table: string, reader: TableReader): Promise<void>;
  /** The elements of one map or set; none where there is none. */
  readElements(family: Family, table: string, set: string): Promise<Map<string, string | undefined>>;
  close(): void;
}

/** One complaint about a script. */
export interface NftProblem {
  message: string;
  /** From 1; absent where nft does not say. */
  line?: number;
  /** The line that it is about. */
  text?: string;
}

/** A script that nft or the kernel refused; nothing of it is in force. */
export class NftError extends Error {
  override readonly name = "NftError";

  constructor(readonly problems: readonly NftProblem[]) {
    super(`Cannot change nftables rules: ${problems.map(describe).join("; ") || "nft gives no reason"}`);
  }
}

function describe({ message, text }: NftProblem): string {
  return text ? `${message}: ${text}` : message;
}

/** Reads what nft says about a script: `FILE:LINE:COL-COL: Error: …`, or `Error: …` with no place. Pure. */
export function readProblems(stderr: string, script?: string): NftProblem[] {
  const lines = script?.split("\n");
  const problems: NftProblem[] = [];
  for (const row of stderr.split("\n")) {
    const found = /^(?:\S*?:(\d+):\d+(?:-\d+)?: )?Error: (.*)$/.exec(row);
    if (!found) continue;
    const line = found[1] === undefined ? undefined : Number(found[1]);
    const text = line === undefined ? undefined : lines?.[line - 1]?.trim();
    problems.push({ message: found[2], ...(line !== undefined && { line }), ...(text && { text }) });
  }
  if (problems.length === 0 && stderr.trim() !== "") problems.push({ message: stderr.trim().split("\n")[0] });
  return problems;
}
