/**
 * Which form of an answer a client takes: `Accept` names media types in order of liking, and may ask for objects as
 * rows of a Table or as their metadata alone (`application/json;as=Table;v=v1;g=meta.k8s.io`).
 */
import { notAcceptable } from "./errors.ts";

export type Shape = "object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";

export interface Form {
  media: "application/json" | "application/yaml";
  as: Shape;
  /** Of meta.k8s.io, for the shapes it has. */
  version: "v1" | "v1beta1";
}

interface Clause {
  type: string;
  parameters: Record<string, string>;
  q: number;
}

const medias = ["application/json", "application/yaml"] as const;
const shown = [...medias];

/** The clauses of an Accept header, best first. */
export function acceptClauses(header: string | undefined): Clause[] {
  const clauses: Clause[] = [];
  for (const part of (header ?? "").split(",")) {
    const [type, ...rest] = part.split(";").map((piece) => piece.trim());
    if (!type) continue;
    const parameters: Record<string, string> = {};
    for (const piece of rest) {
      const at = piece.indexOf("=");
      if (at > 0) {
        parameters[piece.slice(0, at).trim().toLowerCase()] = piece.slice(at + 1).trim().replace(/^"|"$/g, "");
      }
    }
    const q = parameters.q === undefined ? 1 : Number(parameters.q);
    clauses.push({ type: type.toLowerCase(), parameters, q: Number.isNaN(q) ? 1 : q });
  }
  return clauses.map((clause, at) => ({ clause, at }))
    .sort((a, b) => b.clause.q - a.clause.q || a.at - b.at).map(({ clause }) => clause);
}

/** The first form that we can give; throws a 406. `shapes` are those that the endpoint has besides the object. */
export function negotiate(header: string | undefined, shapes: readonly Shape[] = []): Form {
  if (!header) return { media: "application/json", as: "object", version: "v1" };
  for (const { type, parameters } of acceptClauses(header)) {
    const media = mediaOf(type);
    if (!media) continue;
    if (parameters.as === undefined) {
      return { media, as: "object", version: "v1" };
    }
    const { as, g, v } = parameters;
    if (g !== "meta.k8s.io" || (v !== "v1" && v !== "v1beta1")) continue;
    if (!shapes.includes(as as Shape)) continue;
    return { media, as: as as Shape, version: v };
  }
  throw notAcceptable(shown);
}

function mediaOf(type: string): Form["media"] | undefined {
  if (type === "*/*" || type === "application/*") return "application/json";
  return medias.find((media) => media === type) ?? (type === "application/x-yaml" ? "application/yaml" : undefined);
}
