/** Questions about what somebody may do (`authorization.k8s.io/v1`): asked by POST, answered in the status, never stored. */
import {
  define,
  defineKind,
  flag,
  lazily,
  list,
  neededFlag,
  neededText,
  opt,
  text,
  texts,
  textsMap,
  type z,
} from "./schema.ts";
import { objectMeta } from "./meta.ts";

const apiVersion = "authorization.k8s.io/v1";

const selectorAttributes = (name: string) =>
  define(`authorization.v1.${name}SelectorAttributes`, {
    rawSelector: text,
    requirements: list(
      define(`meta.v1.${name}SelectorRequirement`, { key: neededText, operator: neededText, values: texts }),
    ),
  });

const resourceAttributes = lazily(() =>
  define("authorization.v1.ResourceAttributes", {
    namespace: text,
    verb: text,
    group: text,
    version: text,
    resource: text,
    subresource: text,
    name: text,
    fieldSelector: opt(selectorAttributes("Field")),
    labelSelector: opt(selectorAttributes("Label")),
  })
);
export interface ResourceAttributes extends z.infer<ReturnType<typeof resourceAttributes>> {}

const nonResourceAttributes = lazily(() =>
  define("authorization.v1.NonResourceAttributes", { path: text, verb: text })
);

const reviewStatus = lazily(() =>
  define("authorization.v1.SubjectAccessReviewStatus", {
    allowed: neededFlag,
    denied: flag,
    reason: text,
    evaluationError: text,
  })
);

const subjectSpec = lazily(() =>
  define("authorization.v1.SubjectAccessReviewSpec", {
    resourceAttributes: opt(resourceAttributes()),
    nonResourceAttributes: opt(nonResourceAttributes()),
    user: text,
    groups: texts,
    extra: textsMap,
    uid: text,
  })
);

export const selfSubjectAccessReviewSchema = lazily(() =>
  defineKind(apiVersion, "SelfSubjectAccessReview", {
    metadata: objectMeta(),
    spec: define("authorization.v1.SelfSubjectAccessReviewSpec", {
      resourceAttributes: opt(resourceAttributes()),
      nonResourceAttributes: opt(nonResourceAttributes()),
    }),
    status: opt(reviewStatus()),
  })
);
export interface SelfSubjectAccessReview extends z.infer<ReturnType<typeof selfSubjectAccessReviewSchema>> {}

export const subjectAccessReviewSchema = lazily(() =>
  defineKind(apiVersion, "SubjectAccessReview", {
    metadata: objectMeta(),
    spec: subjectSpec(),
    status: opt(reviewStatus()),
  })
);
export interface SubjectAccessReview extends z.infer<ReturnType<typeof subjectAccessReviewSchema>> {}

export const localSubjectAccessReviewSchema = lazily(() =>
  defineKind(apiVersion, "LocalSubjectAccessReview", {
    metadata: objectMeta(),
    spec: subjectSpec(),
    status: opt(reviewStatus()),
  })
);
export interface LocalSubjectAccessReview extends z.infer<ReturnType<typeof localSubjectAccessReviewSchema>> {}

export const selfSubjectRulesReviewSchema = lazily(() =>
  defineKind(apiVersion, "SelfSubjectRulesReview", {
    metadata: objectMeta(),
    spec: define("authorization.v1.SelfSubjectRulesReviewSpec", { namespace: text }),
    status: opt(
      define("authorization.v1.SubjectRulesReviewStatus", {
        resourceRules: list(
          define("authorization.v1.ResourceRule", {
            verbs: texts,
            apiGroups: texts,
            resources: texts,
            resourceNames: texts,
          }),
        ),
        nonResourceRules: list(define("authorization.v1.NonResourceRule", { verbs: texts, nonResourceURLs: texts })),
        incomplete: neededFlag,
        evaluationError: text,
      }),
    ),
  })
);
export interface SelfSubjectRulesReview extends z.infer<ReturnType<typeof selfSubjectRulesReviewSchema>> {}
