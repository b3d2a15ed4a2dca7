/**
 * One family's table in the kernel, made to be as desired. Reads it back once; then every difference is computed against what
 * the kernel has taken. A transaction that is refused is halved until the frontend at fault stands alone.
 */
import { setImmediate } from "node:timers";
import { type Family } from "../addr.ts";
import { NftError, type NftRunner } from "../nft/mod.ts";
import { forgetDeadEndpoints } from "./affinity.ts";
import { preparedChains, routeLocalnetMarker, tableName } from "./chains.ts";
import {
  type Change,
  chunks,
  compare,
  isEmpty,
  partLines,
  script,
  type Sweep,
  TableState,
  transaction,
} from "./diff.ts";
import { type ServiceChange } from "./changed_services.ts";
import { FrontendBuilder } from "./elements.ts";
import { type Frontends, named, type ServiceProblem } from "./frontend.ts";
import { readBack } from "./read_back.ts";
import { chainContext, layoutMarker, layoutScript, rulesScript, sameChains } from "./table.ts";
import { type ProxyOptions, type ProxyService } from "./types.ts";

/** So many refusals in one round are no matter of single objects: the table is not what we take it for. */
const mostRefusals = 16;

export interface Round {
  desired: Frontends;
  /** What the kernel has taken. */
  changes: Change[];
  /** Objects that have no place, and objects that the kernel refused. */
  problems: ServiceProblem[];
  /** How many frontends the kernel refused. */
  refusals: number;
  /** Whether this is the first round: the table was read back. */
  isFirst: boolean;
}

export class TableSync {
  /** Whether route_localnet was off before we set it: a table that is written anew says so again. */
  routeLocalnetWasOff = false;
  readonly #builder: FrontendBuilder;
  readonly #nft: NftRunner;
  /** Frontends that may be others than the kernel has. */
  readonly #touched = new Set<string>();
  #state?: TableState;
  /** What has to be run with the first transaction: the constant part, where it is missing or not as it should be. */
  #preamble = "";
  /** A table of another layout is replaced in one transaction, never emptied first. */
  #isReplaced = false;
  /** What a round that failed had done before: the next tells of it too. */
  #untold: Change[] = [];
  /** Whether something was refused the last time: then what we take for the table may be wrong. */
  #isSuspect = false;
  /** Whether the kernel may differ from what is wanted in other things than those that changed last. */
  #isBehind = true;
  /** Until all that was read back is known to be wanted or not. */
  #isAdopting = false;

  constructor(readonly family: Family, nft: NftRunner, readonly options: ProxyOptions) {
    this.#nft = nft;
    this.#builder = new FrontendBuilder(family, options);
  }

  /** Reads the table back, if that has not been done. */
  async open(): Promise<void> {
    if (this.#state) return;
    const { family, options } = this;
    const { state, marker, routeLocalnetWasOff } = await readBack(this.#nft, family);
    this.routeLocalnetWasOff ||= routeLocalnetWasOff;
    const wanted = layoutMarker(family, options);
    const constant = layoutScript(family) + rulesScript(family, options) +
      `add chain ${family} ${tableName} ${wanted}\n`;
    const isUsable = marker !== undefined && sameChains(marker, wanted);
    this.#isReplaced = !isUsable && (marker !== undefined || !state.isEmpty);
    const made = new TableState();
    if (marker === wanted) this.#preamble = "";
    else if (isUsable) this.#preamble = `${constant}delete chain ${family} ${tableName} ${marker}\n`;
    else {
      const prepared = preparedChains(chainContext(family, options));
      const lines = prepared.flatMap((part) => partLines(family, part)).join("\n");
      const wasOff = this.routeLocalnetWasOff ? `add chain ${family} ${tableName} ${routeLocalnetMarker}\n` : "";
      const emptied = `add table ${family} ${tableName}\ndelete table ${family} ${tableName}\n`;
      this.#preamble = `${emptied}${constant}${wasOff}${lines}\n`;
      for (const { name } of prepared) made.found("parts", name);
    }
    this.#isAdopting = isUsable;
    this.#isBehind = true;
    this.#state = isUsable ? state : made;
  }

  /** Takes note of changes: those between two calls of `apply` must all be told. `services` is the whole list. */
  update(changes: readonly ServiceChange[], services: readonly ProxyService[]): void {
    const touched = this.#builder.update(changes, services);
    if (!touched) this.#isBehind = true;
    else for (const id of touched) this.#touched.add(id);
  }

  /**
   * Makes the kernel's table as it should be now. A further try after a refusal begins with what the kernel really has.
   * @throws where nothing can be said of single objects: the next call starts anew.
   */
  async apply(isRetry = false): Promise<Round> {
    if (isRetry && this.#isSuspect) this.#state = undefined;
    const isFirst = this.#state === undefined;
    await this.open();
    const problems = this.#builder.problems();
    const changes = this.#untold.splice(0);
    const round: Round = { desired: this.#builder.frontends, changes, problems, refusals: 0, isFirst };
    try {
      await this.#apply(round);
      this.#isSuspect = this.#isBehind = round.refusals > 0;
      this.#touched.clear();
    } catch (error) {
      this.#untold = round.changes;
      this.#state = undefined;
      throw error;
    }
    return round;
  }

  async #apply(round: Round): Promise<void> {
    const state = this.#state!;
    const changes = compare(state, round.desired, this.#isBehind ? undefined : this.#touched);
    const sweep = this.#isAdopting ? "nothing" : "touched";
    const groups = this.#isReplaced ? [changes] : chunks(changes);
    if (this.#preamble !== "" && !this.#isReplaced) await this.#run([], "nothing", round);
    for (const [index, group] of groups.entries()) {
      if (index > 0) await new Promise((resolve) => setImmediate(resolve)); // others have their turn
      await this.#run(group, sweep, round);
    }
    if (this.#isAdopting && round.refusals === 0) {
      await this.#run([], "all", round);
      this.#isAdopting = false;
    }
    await forgetDeadEndpoints(this.family, this.#nft, round.changes);
  }

  async #run(changes: Change[], sweep: Sweep, round: Round): Promise<void> {
    const step = transaction(this.#state!, changes, sweep);
    const text = this.#preamble + script(this.family, step);
    try {
      if (this.#preamble !== "" || !isEmpty(step)) await this.#nft.run(text);
    } catch (error) {
      if (!(error instanceof NftError) || changes.length === 0) throw error;
      if (changes.length > 1) {
        const middle = changes.length >> 1;
        await this.#run(changes.slice(0, middle), sweep, round);
        await this.#run(changes.slice(middle), sweep, round);
        return;
      }
      const [{ from, to }] = changes;
      const frontend = to ?? from!;
      round.refusals++;
      round.problems.push({ service: frontend.service, message: `${named(frontend)}: ${error.message}` });
      if (round.refusals > mostRefusals + round.changes.length) throw error;
      return;
    }
    this.#preamble = "";
    this.#isReplaced = false;
    this.#state!.commit(step);
    round.changes.push(...changes);
  }

  /** Whether the table is still there; if not, the next `apply` makes it anew. */
  async verify(): Promise<boolean> {
    if (!this.#state || this.#preamble !== "") return true;
    try {
      const marker = layoutMarker(this.family, this.options);
      await this.#nft.run(`flush chain ${this.family} ${tableName} ${marker}\n`);
      return true;
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
      this.#state = undefined;
      return false;
    }
  }
}
