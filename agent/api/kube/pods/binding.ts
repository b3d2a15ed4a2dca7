/** `pods/NAME/binding`: what a scheduler posts. There is one node to bind to, and a pod is bound once. */
import { boundPod } from "../../../node/mod.ts";
import { type Binding, FieldErrors, FieldPath, type Pod } from "../../../objects/mod.ts";
import { badRequest } from "../../status.ts";
import { readObject } from "../body.ts";
import { decode } from "../decode.ts";
import { conflict, invalidObject, notFoundOf } from "../errors.ts";
import { negotiate } from "../negotiate.ts";
import { writeRequest } from "../options.ts";
import { respond } from "../respond.ts";
import type { ApiObject, Resource, Subresource } from "../types.ts";

const kind = { group: "", version: "v1", kind: "Binding" };
const about = { group: "", plural: "pods/binding" };
const target = FieldPath.of("target");

export function binding(pods: () => Resource<Pod>, nodeName: string, clock: { now(): number }): Subresource {
  return {
    kind,
    verbs: ["create"],
    async handle(c) {
      const form = negotiate(c.req.header("accept"));
      const { namespace, name } = c.get("info");
      const query = new URL(c.req.url).searchParams;
      const { fieldValidation, dryRun } = writeRequest(query, c.req.header("user-agent"), "CreateOptions");
      const { object, warnings } = decode<Binding & ApiObject>(await readObject(c), kind, fieldValidation);
      object.metadata.name ||= name;
      if (object.metadata.name !== name) throw badRequest("name in URL does not match name in Binding object");
      const errors = new FieldErrors();
      const { kind: what = "Node", name: node } = object.target ?? {};
      if (what !== "" && what !== "Node") errors.notSupported(target.child("kind"), what, ["Node", "<empty>"]);
      if (!node) errors.required(target.child("name"));
      if (errors.errors.length > 0) throw invalidObject("", "Binding", name, errors);
      const resource = pods();
      await resource.backend.write!(namespace, name, (current) => {
        if (!current) throw notFoundOf(resource, name);
        resource.strategy?.guard?.(current, "create", "binding");
        const refuse = (why: string) => conflict(about, name, `pod ${name} ${why}`);
        const { metadata, spec } = current;
        if (metadata.deletionTimestamp) throw refuse("is being deleted, cannot be assigned to a host");
        if (spec.nodeName) throw refuse(`is already assigned to node ${JSON.stringify(spec.nodeName)}`);
        if (spec.schedulingGates?.length) throw refuse("has non-empty .spec.schedulingGates");
        if (node !== nodeName) throw notFoundOf({ group: "", plural: "nodes" }, node!);
        const annotations = { ...metadata.annotations, ...object.metadata.annotations };
        const bound = boundPod(current, nodeName, clock.now());
        return Object.keys(annotations).length > 0 ? { ...bound, metadata: { ...metadata, annotations } } : bound;
      }, { status: true, dryRun });
      const done = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
      return await respond(c, form, done, 201, warnings);
    },
  };
}
