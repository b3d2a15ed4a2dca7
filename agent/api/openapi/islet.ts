/** Paths that are not resources: discovery, health, metrics, what only islet has, and the kubelet's own API. */
import type { Schema } from "./definitions.ts";

const text = (description: string): Schema => ({
  description,
  content: { "text/plain": { schema: { type: "string" } } },
});
const json = (description: string, schema: Schema = { type: "object" }): Schema => ({
  description,
  content: { "application/json": { schema } },
});
const ref = (schema: string): Schema => ({ $ref: `#/components/schemas/${schema}` });

function operation(id: string, summary: string, ok: Schema, more: Schema = {}): Schema {
  const { responses, ...rest } = more;
  return { operationId: id, summary, tags: ["islet"], ...rest, responses: { "200": ok, ...responses as Schema } };
}

function get(id: string, summary: string, ok: Schema, more: Schema = {}): Schema {
  return { get: operation(id, summary, ok, more) };
}

function inPath(name: string, description: string): Schema {
  return { name, in: "path", required: true, description, schema: { type: "string" } };
}

function inQuery(name: string, description: string, type = "string"): Schema {
  return { name, in: "query", description, schema: { type } };
}

/** All checks as one, and one of them. */
function healthPaths(name: string, summary: string, checks: string): Record<string, Schema> {
  const anyone = { security: [{}] };
  return {
    [`/${name}`]: get(name, summary, text("ok, or the checks where they are asked for"), {
      ...anyone,
      parameters: [
        inQuery("verbose", "Shows each check."),
        inQuery("exclude", "A check to leave out; may be given more than once."),
      ],
      responses: { "500": text("The checks, of which one failed.") },
    }),
    [`/${name}/{check}`]: get(`${name}Check`, `${summary} One check alone.`, text("ok"), {
      ...anyone,
      parameters: [inPath("check", checks)],
      responses: { "404": text("There is no such check."), "500": text("What is wrong.") },
    }),
  };
}

/** On the API port and the socket. */
export function isletPaths(): Record<string, Schema> {
  return {
    "/": get("page", "The page for people: pods, charts, logs, events.", {
      description: "One HTML file without external parts.",
      content: { "text/html": { schema: { type: "string" } } },
    }),
    ...healthPaths("healthz", "Whether the node works.", "ping, runtime"),
    ...healthPaths("livez", "Whether the agent answers at all.", "ping"),
    ...healthPaths("readyz", "Whether the node works.", "ping, runtime"),
    "/version": get("version", "Which version this is.", json("Of Kubernetes and of islet.", ref("VersionInfo"))),
    "/api": get("coreVersions", "Versions of the core group.", json("APIVersions, or an APIGroupDiscoveryList.")),
    "/apis": get("groups", "All other groups.", json("An APIGroupList, or an APIGroupDiscoveryList.")),
    "/apis/{group}": get("group", "One group.", json("An APIGroup."), {
      parameters: [inPath("group", "The group's name.")],
    }),
    "/api/{version}": get("coreResources", "Resources of the core group.", json("An APIResourceList."), {
      parameters: [inPath("version", "v1.")],
    }),
    "/apis/{group}/{version}": get("resources", "Resources of a group's version.", json("An APIResourceList."), {
      parameters: [inPath("group", "The group's name."), inPath("version", "Its version.")],
    }),
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": get(
      "customResourceDefinitions",
      "Custom resources, of which there are none: kubectl looks before it validates.",
      json("An empty CustomResourceDefinitionList."),
    ),
    "/.well-known/openid-configuration": get(
      "openidConfiguration",
      "Who issues tokens of ServiceAccounts, for those who check them by themselves.",
      json("OpenID discovery's document."),
    ),
    "/openid/v1/jwks": get("openidKeys", "The keys that tokens of ServiceAccounts are signed with.", {
      description: "A JSON Web Key Set.",
      content: { "application/jwk-set+json": { schema: { type: "object" } } },
    }),
    "/openapi/v2": get("openapiV2", "The OpenAPI 2 document, as JSON or protobuf.", json("The document.")),
    "/openapi/v3": get(
      "openapiV3",
      "The index of OpenAPI 3 documents; this whole document for `Accept: application/openapi+json`.",
      json("Paths, and where their documents are."),
    ),
    "/openapi/v3/{path}": get("openapiV3Document", "One of the documents of the index.", json("The document."), {
      parameters: [inPath("path", "`api/v1`, `apis/GROUP/VERSION`, or `openapi.json` for this whole document.")],
    }),
    "/islet/v1/apply": {
      post: operation(
        "apply",
        "Apply a whole manifest, each object by server-side apply.",
        json("All were applied.", ref("ApplyResults")),
        {
          parameters: [
            inQuery("namespace", "For objects that name none."),
            inQuery("fieldManager", "Who is named as manager of the fields."),
            inQuery("force", "Take over fields that others manage.", "boolean"),
            inQuery("dryRun", "All: check and answer, but store nothing."),
          ],
          requestBody: { required: true, content: { "application/yaml": { schema: { type: "string" } } } },
          responses: { "207": json("Some were applied.", ref("ApplyResults")) },
        },
      ),
    },
    ...kubeconfigPaths(),
    ...imagePaths(),
    "/islet/v1/manifests/problems": get(
      "manifestProblems",
      "What is wrong with files of the manifest directory.",
      json("Problems, with their places.", ref("ManifestProblems")),
    ),
    "/islet/v1/usage": get(
      "lastHour",
      "What the node and its pods used in the last hour: cores and bytes, a value every thirty seconds, oldest first.",
      json("Values; null where there is none.", ref("LastHour")),
    ),
    "/islet/v1/namespaces/{namespace}/pods/{name}/why": get(
      "why",
      "Why a pod is not running, in plain words, with the next thing to try.",
      {
        description: "What was found: text, or JSON for `Accept: application/json`.",
        content: {
          "text/plain": { schema: { type: "string" } },
          "application/json": { schema: ref("Explanation") },
        },
      },
      { parameters: [inPath("namespace", "The pod's namespace."), inPath("name", "The pod's name.")] },
    ),
    ...usagePaths(),
    ...kubeletPaths(),
  };
}

const texts = { type: "array", items: { type: "string" } };

/** Credentials, given out by members of system:masters alone. */
function kubeconfigPaths(): Record<string, Schema> {
  const path = "/islet/v1/kubeconfigs";
  const holder = { name: { type: "string" }, groups: texts, expires: { type: "string", format: "date-time" } };
  const wanted = {
    name: { type: "string", description: "Who it is for; who had one of that name loses it." },
    groups: { ...texts, description: "Default: those who may look at everything but Secrets." },
    expirationSeconds: { type: "integer", description: "0: it does not end. Default: a year." },
    server: { type: "string", description: "URL of the API, where it is used on another machine." },
  };
  const body = { type: "object", required: ["name"], properties: wanted };
  const made = { type: "object", properties: { ...holder, kubeconfig: { type: "string" } } };
  const listed = { type: "array", items: { type: "object", properties: holder } };
  return {
    [path]: {
      ...get(
        "kubeconfigs",
        "Who was given a kubeconfig.",
        json("Their names, without what is secret.", {
          type: "object",
          properties: { items: listed },
        }),
      ),
      post: {
        operationId: "createKubeconfig",
        summary: "Give out a kubeconfig with a token of its own.",
        tags: ["islet"],
        requestBody: { required: true, content: { "application/json": { schema: body } } },
        responses: { "201": json("The kubeconfig; its token is shown this once.", made) },
      },
    },
    [`${path}/{name}`]: {
      delete: operation("revokeKubeconfig", "Take a kubeconfig back.", json("It is void."), {
        parameters: [inPath("name", "Who it was for.")],
        responses: { "404": json("There is none of that name.") },
      }),
    },
  };
}

/** The runtime's images. */
function imagePaths(): Record<string, Schema> {
  const path = "/islet/v1/images";
  const list = { type: "object", required: ["items"], properties: { items: { type: "array", items: ref("Image") } } };
  const refused = { "502": json("The runtime, or a registry, refused: in its own words.") };
  const wanted = {
    type: "object",
    required: ["image"],
    properties: { image: string("The image's name, as in a pod.") },
  };
  const archive = (description: string) => ({ schema: { type: "string", format: "binary", description } });
  return {
    [path]: get("images", "The runtime's images, and what holds them.", json("All images.", list), {
      responses: refused,
    }),
    [`${path}/prune`]: {
      post: operation(
        "pruneImages",
        "Remove images that nothing needs.",
        json("What was removed.", {
          type: "object",
          required: ["images", "freedBytes"],
          properties: {
            images: { type: "array", items: ref("Image") },
            freedBytes: { type: "integer", description: "As measured on the file system." },
          },
        }),
        {
          parameters: [
            inQuery("all", "Those that are young or were imported by hand, too.", "boolean"),
            inQuery("dryRun", "All: say what would be removed, but remove nothing."),
          ],
          responses: refused,
        },
      ),
    },
    [`${path}/pull`]: {
      post: operation(
        "pullImage",
        "Pull an image with the node's own credentials.",
        json("The image.", { type: "object", properties: { image: ref("Image") } }),
        {
          requestBody: { required: true, content: { "application/json": { schema: wanted } } },
          responses: refused,
        },
      ),
    },
    [`${path}/import`]: {
      post: operation(
        "importImages",
        "Import an archive of images, OCI or Docker, plain or packed by gzip or zstd, of any size.",
        json("The images that were in it.", list),
        {
          requestBody: { required: true, content: { "application/x-tar": archive("The archive.") } },
          responses: refused,
        },
      ),
    },
  };
}

const exposition = (description: string): Schema => ({
  description,
  content: {
    "text/plain; version=0.0.4": { schema: { type: "string" } },
    "application/openmetrics-text; version=1.0.0": { schema: { type: "string" } },
  },
});

/** On the API port, the socket and the kubelet port. */
function usagePaths(): Record<string, Schema> {
  return {
    "/metrics": get("metrics", "Figures of the agent for Prometheus.", exposition("Metrics.")),
    "/metrics/cadvisor": get(
      "containerMetrics",
      "What containers use, under cAdvisor's names.",
      exposition("Metrics."),
    ),
    "/metrics/resource": get("resourceMetrics", "CPU and memory of node, pods and containers.", exposition("Metrics.")),
    "/metrics/probes": get("probeMetrics", "Results of probes.", exposition("Metrics.")),
    "/metrics/objects": get(
      "objectMetrics",
      "What objects say, under the names of kube-state-metrics.",
      exposition("Metrics."),
    ),
    "/stats/summary": get("summary", "What node, pods and containers use.", json("A kubelet Summary.")),
  };
}

/** Where only the kubelet's own API is served. */
const kubeletServer = [{
  url: "https://{node}:{port}",
  description: "The kubelet's API.",
  variables: { node: { default: "127.0.0.1" }, port: { default: "10250" } },
}];

function kubeletPaths(): Record<string, Schema> {
  const pod = [inPath("namespace", "The pod's namespace."), inPath("pod", "The pod's name.")];
  const container = [...pod, inPath("container", "The container's name.")];
  const streams = [
    inQuery("input", "Pass input on to the process (1).", "integer"),
    inQuery("output", "Stream what the process writes (1).", "integer"),
    inQuery("error", "Stream what the process writes as errors (1).", "integer"),
    inQuery("tty", "The process has a terminal (1).", "integer"),
  ];
  const upgraded: Schema = { description: "The connection becomes a stream: WebSocket or SPDY." };
  const paths: Record<string, Schema> = {
    "/pods": get("kubeletPods", "All pods of the node.", json("A PodList.")),
    "/runningpods": get(
      "kubeletRunningPods",
      "Pods that run, as the container runtime knows them.",
      json("A PodList."),
    ),
    "/configz": get("kubeletConfiguration", "The node's configuration.", json("A KubeletConfiguration.")),
    "/logs/{path}": get("kubeletLogs", "Files of the machine's log directory.", text("A file, or a list of files."), {
      parameters: [inPath("path", "Path below the log directory.")],
    }),
    "/containerLogs/{namespace}/{pod}/{container}": get(
      "kubeletContainerLogs",
      "The log of a container.",
      text("Lines."),
      {
        parameters: [
          ...container,
          inQuery("follow", "Go on with lines as they are written.", "boolean"),
          inQuery("previous", "The log of the container's last run.", "boolean"),
          inQuery("tailLines", "Only the last so many lines.", "integer"),
          inQuery("sinceSeconds", "Only lines of the last so many seconds.", "integer"),
          inQuery("timestamps", "Each line begins with its time.", "boolean"),
          inQuery("limitBytes", "End after so many bytes.", "integer"),
        ],
      },
    ),
    "/exec/{namespace}/{pod}/{container}": {
      post: operation("kubeletExec", "Run a program in a container.", upgraded, {
        parameters: [
          ...container,
          inQuery("command", "The program and its arguments, one parameter each."),
          ...streams,
        ],
      }),
    },
    "/attach/{namespace}/{pod}/{container}": {
      post: operation("kubeletAttach", "Connect to a container's process.", upgraded, {
        parameters: [...container, ...streams],
      }),
    },
    "/portForward/{namespace}/{pod}": {
      post: operation("kubeletPortForward", "Forward ports of a pod.", upgraded, { parameters: pod }),
    },
    "/run/{namespace}/{pod}/{container}": {
      post: operation("kubeletRun", "Run a program in a container and answer what it writes.", text("Its output."), {
        parameters: [...container, inQuery("cmd", "The command line, split at blanks.")],
      }),
    },
  };
  return Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, { servers: kubeletServer, ...item }]));
}

const string = (description: string): Schema => ({ type: "string", description });

export const isletSchemas: Record<string, Schema> = {
  VersionInfo: {
    type: "object",
    required: ["major", "minor", "gitVersion", "platform"],
    properties: {
      major: string("Of the Kubernetes version whose API this is."),
      minor: string("Of the Kubernetes version whose API this is."),
      gitVersion: string("The Kubernetes version, and islet's own."),
      platform: string("linux/amd64."),
    },
  },
  ApplyResults: {
    type: "object",
    required: ["results"],
    properties: {
      results: {
        type: "array",
        items: {
          type: "object",
          required: ["resource", "kind", "name", "code"],
          properties: {
            resource: string("In plural: pods; empty where the kind is not known."),
            kind: string("The object's kind."),
            namespace: string("The object's namespace."),
            name: string("The object's name."),
            operation: { type: "string", enum: ["created", "configured", "unchanged"] },
            warnings: { type: "array", items: { type: "string" } },
            message: string("Why it could not be applied."),
            code: { type: "integer", description: "The HTTP status that this object alone would have." },
          },
        },
      },
      message: string("What could not be applied, a line each."),
    },
  },
  Image: {
    type: "object",
    required: ["id", "repoTags", "repoDigests", "sizeBytes", "firstSeen", "pods"],
    properties: {
      id: string("As the runtime names it."),
      repoTags: { ...texts, description: "Its names with tags." },
      repoDigests: { ...texts, description: "Its names with digests." },
      sizeBytes: { type: "integer", description: "As the runtime tells: mostly of the compressed layers." },
      firstSeen: { type: "string", format: "date-time" },
      lastUsed: { type: "string", format: "date-time" },
      hold: {
        type: "string",
        enum: ["in use", "wanted", "preloaded", "sandbox image", "pinned by the runtime", "imported by hand"],
        description: "Why it is never collected.",
      },
      pods: { ...texts, description: "Pods that use or want it: namespace/name." },
    },
  },
  Series: {
    type: "object",
    required: ["cpu", "memory"],
    properties: {
      cpu: { type: "array", items: { type: ["number", "null"] }, description: "Cores." },
      memory: { type: "array", items: { type: ["integer", "null"] }, description: "Bytes of the working set." },
    },
  },
  LastHour: {
    type: "object",
    required: ["end", "periodSeconds", "node", "pods"],
    properties: {
      end: { type: "string", format: "date-time", description: "Time of the last value." },
      periodSeconds: { type: "integer" },
      node: ref("Series"),
      pods: { type: "object", additionalProperties: ref("Series"), description: "By namespace/name." },
    },
  },
  ManifestProblems: {
    type: "object",
    required: ["problems"],
    properties: {
      problems: {
        type: "array",
        items: {
          type: "object",
          required: ["file", "severity", "message", "text"],
          properties: {
            file: string("The file."),
            severity: { type: "string", enum: ["error", "warning"] },
            line: { type: "integer" },
            column: { type: "integer" },
            path: string("The field: spec.containers[0].name."),
            message: string("What is wrong."),
            text: string("All of it in one line."),
            object: { type: "object", description: "The object that it is about." },
          },
        },
      },
    },
  },
  Explanation: {
    type: "object",
    required: ["state", "headline", "findings"],
    properties: {
      state: {
        type: "string",
        enum: ["fine", "waiting", "broken"],
        description: "fine: nothing to do; waiting: it will come by itself; broken: somebody has to do something.",
      },
      headline: string("The pod in one sentence."),
      findings: { type: "array", items: { type: "object" }, description: "What was found, and what to try." },
    },
  },
};
