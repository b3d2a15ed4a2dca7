/** Questions about rights and tokens; actions on pods. */
export default `
authorization.v1.SelfSubjectAccessReview
  Asks whether you may do something (kubectl auth can-i).
  spec: What.
  status: The answer.

authorization.v1.SelfSubjectAccessReviewSpec
  What is asked: one of these.
  resourceAttributes: About a resource.
  nonResourceAttributes: About a path.

authorization.v1.SubjectAccessReview
  Asks whether somebody may do something.
  spec: Who and what.
  status: The answer.

authorization.v1.LocalSubjectAccessReview
  Asks whether somebody may do something in the namespace of the review.
  spec: Who and what.
  status: The answer.

authorization.v1.SubjectAccessReviewSpec
  Who is to do what: a user or groups, and one of resourceAttributes and nonResourceAttributes.
  resourceAttributes: About a resource.
  nonResourceAttributes: About a path.
  user: Name of the user.
  groups: Groups of the user.
  extra: What else authentication found out about the user.
  uid: uid of the user.

authorization.v1.ResourceAttributes
  What is to be done with a resource.
  namespace: In which namespace; empty is all.
  verb: get, list, watch, create, update, patch, delete or *.
  group: The resource's group; * is all.
  version: The group's version; * is all.
  resource: The resource in plural: pods; * is all.
  subresource: Its subresource: log.
  name: Name of the object; empty is all.
  fieldSelector: Only objects with these fields.
  labelSelector: Only objects with these labels.

authorization.v1.FieldSelectorAttributes
  Limits a question to objects with certain fields.
  rawSelector: As text.
  requirements: As conditions.

authorization.v1.LabelSelectorAttributes
  Limits a question to objects with certain labels.
  rawSelector: As text.
  requirements: As conditions.

authorization.v1.NonResourceAttributes
  What is to be done with a path.
  path: The path.
  verb: The method in lower case.

authorization.v1.SubjectAccessReviewStatus
  Whether something may be done.
  allowed: Yes.
  denied: No, whatever else might allow it. Never set here.
  reason: Which binding allows it.
  evaluationError: What went wrong while looking.

authorization.v1.SelfSubjectRulesReview
  Asks what you may do in a namespace (kubectl auth can-i --list).
  spec: In which namespace.
  status: The answer.

authorization.v1.SelfSubjectRulesReviewSpec
  Where.
  namespace: The namespace.

authorization.v1.SubjectRulesReviewStatus
  What somebody may do.
  resourceRules: With resources.
  nonResourceRules: With paths.
  incomplete: Whether there may be more.
  evaluationError: What went wrong while looking.

authorization.v1.ResourceRule
  What may be done with resources.
  verbs: Verbs; * is all.
  apiGroups: Groups; * is all.
  resources: Resources; * is all.
  resourceNames: Names of objects. Default: all.

authorization.v1.NonResourceRule
  What may be done with paths.
  verbs: Verbs; * is all.
  nonResourceURLs: Paths.

authentication.v1.SelfSubjectReview
  Asks who you are (kubectl auth whoami).
  status: The answer.

authentication.v1.SelfSubjectReviewStatus
  Who you are.
  userInfo: As authentication found out.

authentication.v1.UserInfo
  Somebody, as authentication found out.
  username: Name.
  uid: A name that is never given to another.
  groups: Groups.
  extra: What else was found out.

authentication.v1.TokenRequest
  Asks for a token of a ServiceAccount (kubectl create token).
  spec: What sort of token.
  status: The token.

authentication.v1.TokenRequestSpec
  What sort of token is wanted.
  audiences: Whom it is for. Default: this API.
  expirationSeconds: Seconds for which it is to be good, at least 600. Default 3600.
  boundObjectRef: Pod or Secret with which it ends.

authentication.v1.BoundObjectReference
  An object with which a token ends.
  kind: Pod or Secret.
  apiVersion: v1.
  name: Its name.
  uid: Its uid.

authentication.v1.TokenRequestStatus
  A token.
  token: The token itself. Keep it secret.
  expirationTimestamp: Until when it is good.

authentication.v1.TokenReview
  Asks whom a token stands for.
  spec: The token.
  status: The answer.

authentication.v1.TokenReviewSpec
  A token.
  token: The token itself.
  audiences: Whom it must be for. Default: this API.

authentication.v1.TokenReviewStatus
  Whom a token stands for.
  authenticated: Whether it is good.
  user: Whom it stands for.
  audiences: Which of the audiences it is for.
  error: What is wrong with it.

policy.v1.Eviction
  Asks a pod to go, as kubectl drain does.
  deleteOptions: How it is deleted.

core.v1.Binding
  Places a pod on a node. Pods of this node are placed by islet itself.
  target: The node.
`;
