/** Reviews: questions that are answered at once and stored nowhere. */
import type { Context } from "hono";
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  TokenReview,
} from "../../../objects/mod.ts";
import { type Attributes, type AuthDeps, compactRules, tokenUser } from "../../auth/mod.ts";
import type { AppEnv, UserInfo } from "../../request.ts";
import { badRequest } from "../../status.ts";
import { readObject } from "../body.ts";
import { decode } from "../decode.ts";
import { negotiate } from "../negotiate.ts";
import { writeRequest } from "../options.ts";
import { respond } from "../respond.ts";
import type { ApiObject, Backend, KubeHandler, Resource } from "../types.ts";

/** What the reviews look into. */
export type ReviewDeps = Pick<AuthDeps, "authorizer" | "pki" | "accounts" | "now" | "log">;

const authentication = "authentication.k8s.io";
const authorization = "authorization.k8s.io";

/** Holds nothing. */
export const nothing: Backend = {
  resourceVersion: () => "0",
  get: () => undefined,
  list: () => [],
  watch: () => () => {},
};

type Answer<T> = (object: T, context: { user: UserInfo; namespace: string }) => T | Promise<T>;

/** A resource that answers POST with what `answer` makes of the object. */
function review<T extends ApiObject>(
  group: string,
  kind: string,
  answer: Answer<T>,
  namespaced = false,
): Resource {
  const plural = `${kind.toLowerCase()}s`;
  const create: KubeHandler = async (c: Context<AppEnv>) => {
    const { media } = negotiate(c.req.header("accept"));
    const query = new URL(c.req.url).searchParams;
    const { fieldValidation } = writeRequest(query, c.req.header("user-agent"), "CreateOptions");
    const decoded = decode<T>(await readObject(c), { group, version: "v1", kind }, fieldValidation);
    const { namespace } = c.get("info");
    if (namespaced) decoded.object.metadata.namespace ||= namespace;
    decoded.complete(decoded.object);
    const answered = await answer(decoded.object, { user: c.env.user!, namespace });
    const { creationTimestamp: _, name, ...metadata } = answered.metadata ?? {};
    const shown = { creationTimestamp: null, ...(name ? { name } : {}), ...metadata };
    return await respond(c, { media }, { ...answered, metadata: shown }, 201, decoded.warnings);
  };
  return {
    group,
    version: "v1",
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced,
    verbs: ["create"],
    backend: nothing,
    create,
  };
}

export function reviewResources(deps: ReviewDeps): Resource[] {
  const { authorizer } = deps;
  const decide = (user: UserInfo, spec: SelfSubjectAccessReview["spec"]) => {
    const { allowed, reason } = authorizer.authorize(user, attributesOf(spec));
    return { allowed, ...(reason === "" ? {} : { reason }) };
  };
  const asked = ({ user = "", groups = [], uid, extra }: SubjectAccessReview["spec"]): UserInfo => ({
    name: user,
    groups,
    ...(uid ? { uid } : {}),
    ...(extra ? { extra } : {}),
  });
  return [
    review<SelfSubjectReview & ApiObject>(authentication, "SelfSubjectReview", (object, { user }) => ({
      ...object,
      status: { userInfo: userInfo(user) },
    })),
    review<TokenReview & ApiObject>(authentication, "TokenReview", async (object) => ({
      ...object,
      status: await tokenStatus(object.spec, deps),
    })),
    review<SelfSubjectAccessReview & ApiObject>(authorization, "SelfSubjectAccessReview", (object, { user }) => ({
      ...object,
      status: decide(user, object.spec),
    })),
    review<SelfSubjectRulesReview & ApiObject>(authorization, "SelfSubjectRulesReview", (object, { user }) => {
      const { namespace = "" } = object.spec;
      const { rules, problems } = authorizer.rulesOf(user, namespace);
      const list = (all: readonly string[] | undefined) => [...all ?? []];
      const found = compactRules(rules);
      return {
        ...object,
        status: {
          resourceRules: found.filter(({ resources }) => resources?.length).map((rule) => ({
            verbs: list(rule.verbs),
            apiGroups: list(rule.apiGroups),
            resources: list(rule.resources),
            ...(rule.resourceNames?.length ? { resourceNames: list(rule.resourceNames) } : {}),
          })),
          nonResourceRules: found.filter(({ nonResourceURLs }) => nonResourceURLs?.length).map((rule) => ({
            verbs: list(rule.verbs),
            nonResourceURLs: list(rule.nonResourceURLs),
          })),
          incomplete: problems.length > 0,
          ...(problems.length > 0 ? { evaluationError: problems.join(", ") } : {}),
        },
      };
    }),
    review<SubjectAccessReview & ApiObject>(authorization, "SubjectAccessReview", (object) => ({
      ...object,
      status: decide(asked(object.spec), object.spec),
    })),
    review<LocalSubjectAccessReview & ApiObject>(
      authorization,
      "LocalSubjectAccessReview",
      (object, { namespace }) => {
        if (object.metadata.namespace !== namespace) {
          throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
        }
        return { ...object, status: decide(asked(object.spec), object.spec) };
      },
      true,
    ),
  ];
}

function attributesOf(
  { resourceAttributes: wanted, nonResourceAttributes }: SelfSubjectAccessReview["spec"],
): Attributes {
  const base = { group: "", resource: "", subresource: "", namespace: "", name: "", path: "" };
  if (wanted) {
    return {
      ...base,
      isResource: true,
      verb: wanted.verb ?? "",
      group: wanted.group ?? "",
      resource: wanted.resource ?? "",
      subresource: wanted.subresource ?? "",
      namespace: wanted.namespace ?? "",
      name: wanted.name ?? "",
    };
  }
  const { path = "", verb = "" } = nonResourceAttributes ?? {};
  return { ...base, isResource: false, verb, path };
}

/** authentication.v1.UserInfo. */
function userInfo({ name, uid, groups, extra }: UserInfo) {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    groups: [...groups],
    ...(extra ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) } : {}),
  };
}

async function tokenStatus(
  { token = "", audiences }: TokenReview["spec"],
  deps: ReviewDeps,
): Promise<NonNullable<TokenReview["status"]>> {
  const { signer } = await deps.pki();
  const own = [signer.issuer];
  const wanted = audiences?.length ? audiences : own;
  const user = await tokenUser(token, deps, wanted);
  // a token that names no audience is for the API itself
  const meant = user?.audiences ?? wanted.filter((audience) => own.includes(audience));
  if (!user || meant.length === 0) return { authenticated: false, user: {}, error: "[invalid bearer token]" };
  return { authenticated: true, user: userInfo(user), audiences: meant };
}
