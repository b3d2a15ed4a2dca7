/** Reads manifests until `agent/objects` does: no validation, the most needed defaults. */
import type { StoreObject } from "../store/mod.ts";
import type { ParsedFile } from "./parse.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

export async function interimParse(text: string, file: string): Promise<ParsedFile> {
  const { parseAllDocuments } = await import("yaml");
  const objects: StoreObject[] = [];
  const errors: ParsedFile["errors"] = [];
  for (const doc of parseAllDocuments(text, { uniqueKeys: false }) as Any[]) {
    for (const err of doc.errors) {
      errors.push({
        file,
        severity: "error",
        message: err.message,
        line: err.linePos?.[0].line,
        column: err.linePos?.[0].col,
      });
    }
    const value = doc.errors.length ? null : doc.toJS();
    if (!value) continue;
    for (const object of value.kind?.endsWith("List") ? value.items : [value]) {
      if (!object.kind) {
        errors.push({ file, severity: "error", message: "kind: Required value" });
        continue;
      }
      object.metadata.namespace ??= "default";
      if (object.kind === "Pod") defaultPod(object);
      if (object.kind === "Secret" && object.stringData) {
        object.data = {
          ...object.data,
          ...Object.fromEntries(Object.entries(object.stringData).map(([k, v]) => [k, btoa(String(v))])),
        };
        delete object.stringData;
      }
      objects.push(object);
    }
  }
  return { objects: errors.length ? [] : objects, errors, warnings: [] };
}

function defaultPod({ spec }: Any) {
  spec.restartPolicy ??= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= "ClusterFirst";
  spec.securityContext ??= {};
  for (const volume of spec.volumes ?? []) {
    if (Object.keys(volume).length === 1) volume.emptyDir = {};
    for (const k of ["configMap", "secret", "projected", "downwardAPI"]) if (volume[k]) volume[k].defaultMode ??= 0o644;
  }
  for (const c of [...spec.initContainers ?? [], ...spec.containers]) {
    c.imagePullPolicy ??= "IfNotPresent";
    c.terminationMessagePath ??= "/dev/termination-log";
    c.terminationMessagePolicy ??= "File";
    c.resources ??= {};
    for (const [k, v] of Object.entries(c.resources.limits ?? {})) (c.resources.requests ??= {})[k] ??= v;
    for (const p of c.ports ?? []) p.protocol ??= "TCP";
    for (const p of [c.livenessProbe, c.readinessProbe, c.startupProbe]) {
      if (!p) continue;
      p.periodSeconds ??= 10;
      p.timeoutSeconds ??= 1;
      p.successThreshold ??= 1;
      p.failureThreshold ??= 3;
    }
  }
}
