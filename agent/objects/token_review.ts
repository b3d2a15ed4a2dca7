/** Tokens and who they stand for (`authentication.k8s.io/v1`): asked by POST, answered in the status, never stored. */
import {
  define,
  defineKind,
  flag,
  lazily,
  long,
  neededText,
  neededTime,
  opt,
  text,
  texts,
  textsMap,
  type z,
} from "./schema.ts";
import { objectMeta } from "./meta.ts";

const apiVersion = "authentication.k8s.io/v1";

const userInfo = lazily(() =>
  define("authentication.v1.UserInfo", { username: text, uid: text, groups: texts, extra: textsMap })
);

export const selfSubjectReviewSchema = lazily(() =>
  defineKind(apiVersion, "SelfSubjectReview", {
    metadata: objectMeta(),
    status: opt(define("authentication.v1.SelfSubjectReviewStatus", { userInfo: opt(userInfo()) })),
  })
);
export interface SelfSubjectReview extends z.infer<ReturnType<typeof selfSubjectReviewSchema>> {}

export const tokenRequestSchema = lazily(() =>
  defineKind(apiVersion, "TokenRequest", {
    metadata: objectMeta(),
    spec: define("authentication.v1.TokenRequestSpec", {
      audiences: texts,
      expirationSeconds: long,
      boundObjectRef: opt(
        define("authentication.v1.BoundObjectReference", { kind: text, apiVersion: text, name: text, uid: text }),
      ),
    }),
    status: opt(
      define("authentication.v1.TokenRequestStatus", { token: neededText, expirationTimestamp: neededTime }),
    ),
  })
);
export interface TokenRequest extends z.infer<ReturnType<typeof tokenRequestSchema>> {}

export const tokenReviewSchema = lazily(() =>
  defineKind(apiVersion, "TokenReview", {
    metadata: objectMeta(),
    spec: define("authentication.v1.TokenReviewSpec", { token: text, audiences: texts }),
    status: opt(
      define("authentication.v1.TokenReviewStatus", {
        authenticated: flag,
        user: opt(userInfo()),
        audiences: texts,
        error: text,
      }),
    ),
  })
);
export interface TokenReview extends z.infer<ReturnType<typeof tokenReviewSchema>> {}
