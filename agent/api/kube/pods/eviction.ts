/**
 * `pods/NAME/eviction`: a deletion that may be refused where a disruption budget forbids it. There are no budgets on this
 * node, so that a pod is marked as a target of disruption and deleted by the rules of any deletion.
 */
import { withPodCondition } from "../../../node/mod.ts";
import type { Eviction, Pod } from "../../../objects/mod.ts";
import { badRequest } from "../../status.ts";
import { type Json, readObject } from "../body.ts";
import { decode } from "../decode.ts";
import { removeOne } from "../delete.ts";
import { notFoundOf } from "../errors.ts";
import { negotiate } from "../negotiate.ts";
import { deleteOptions, writeRequest } from "../options.ts";
import { respond } from "../respond.ts";
import type { ApiObject, DeleteOptions, Resource, Subresource } from "../types.ts";

const kind = { group: "policy", version: "v1", kind: "Eviction" };

export function eviction(pods: () => Resource<Pod>, clock: { now(): number }): Subresource {
  return {
    kind,
    verbs: ["create"],
    async handle(c) {
      const form = negotiate(c.req.header("accept"));
      const { namespace, name } = c.get("info");
      const query = new URL(c.req.url).searchParams;
      const { fieldValidation, dryRun } = writeRequest(query, c.req.header("user-agent"), "CreateOptions");
      const body = await readObject(c);
      // older clients send it in its beta version, which says the same
      if (body.value.apiVersion === "policy/v1beta1") body.value.apiVersion = "policy/v1";
      const { object, warnings, complete } = decode<Eviction & ApiObject>(body, kind, fieldValidation);
      object.metadata.name ||= name;
      if (object.metadata.name !== name) {
        const both = `${JSON.stringify(name)} != ${JSON.stringify(object.metadata.name)}`;
        throw badRequest(`name in URL does not match name in Eviction object: ${both}`);
      }
      complete(object);
      const given = deleteOptions(query, (object.deleteOptions ?? {}) as Json);
      await evict(pods(), namespace, name, { ...given, dryRun: dryRun || given.dryRun }, clock.now());
      const done = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
      return await respond(c, form, done, 201, warnings);
    },
  };
}

async function evict(
  pods: Resource<Pod>,
  namespace: string,
  name: string,
  options: DeleteOptions,
  now: number,
): Promise<void> {
  const told = {
    type: "DisruptionTarget",
    status: "True" as const,
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
  };
  await pods.backend.write!(namespace, name, (current) => {
    if (!current) throw notFoundOf(pods, name);
    pods.strategy?.guard?.(current, "create", "eviction");
    if (current.metadata.deletionTimestamp) return current;
    return { ...current, status: withPodCondition(current, told, now) };
  }, { status: true, dryRun: options.dryRun });
  await removeOne(pods, namespace, name, options, "eviction");
}
