/**
 * fast-check as every test gets it (`imports` of deno.json): properties draw their cases from one seed, so that the same tree gives
 * the same result on every machine. A property that fails prints its seed. ISLET_PROPERTY_SEED draws other cases, and
 * `deno task properties` those of many seeds.
 */
import fc from "npm:fast-check@4.10.2";

export const propertySeed = Number(Deno.env.get("ISLET_PROPERTY_SEED") ?? 20260101);

fc.configureGlobal({ seed: propertySeed });

export * from "npm:fast-check@4.10.2";
export default fc;
