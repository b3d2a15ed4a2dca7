/** Verbs that most resources take. */
import type { Verb } from "../../request.ts";

export const allVerbs: readonly Verb[] = [
  "get",
  "list",
  "watch",
  "create",
  "update",
  "patch",
  "delete",
  "deletecollection",
];

export const readVerbs: readonly Verb[] = ["get", "list", "watch"];
