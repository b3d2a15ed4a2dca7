/** What keeps one container from running or from being ready. */
import { age } from "../age.ts";
import type { Container, ContainerState, ContainerStatus, Pod } from "../objects/mod.ts";
import type { Event } from "../telemetry/events.ts";
import { exitCodeMeaning, exitCodeText } from "./exit_code.ts";
import type { Finding, WhyContext } from "./types.ts";

type Terminated = NonNullable<ContainerState["terminated"]>;

/** A container with what is known of it. */
export interface Subject {
  pod: Pod;
  container: Container;
  status: ContainerStatus | undefined;
  kind: "container" | "init container" | "sidecar" | "ephemeral container";
}

export interface ContainerFinding extends Finding {
  state: "waiting" | "broken";
}

/** What is the matter with a container; undefined when nothing is. */
export function explainContainer(subject: Subject, context: WhyContext): ContainerFinding | undefined {
  const { status } = subject;
  const { waiting, running, terminated } = status?.state ?? {};
  if (waiting) return explainWaiting(subject, waiting, context);
  if (running) return explainUnready(subject, running.startedAt, context);
  if (terminated && terminated.exitCode !== 0) {
    return { state: "broken", ...ended(subject, terminated), next: afterEnd(subject, terminated, false) };
  }
  return undefined;
}

function explainWaiting(
  subject: Subject,
  { reason = "", message = "" }: { reason?: string; message?: string },
  context: WhyContext,
): ContainerFinding | undefined {
  const { container } = subject;
  const named = name(subject);
  const told = (reasons: string[]) => said(message, lastEvent(subject, context, reasons));
  switch (reason) {
    case "ErrImagePull":
    case "ImagePullBackOff":
    case "RegistryUnavailable":
      return {
        state: "broken",
        what: `The image ${container.image} of ${named} cannot be pulled.`,
        because: told(["Failed"]),
        next: afterPull(subject, message + (lastEvent(subject, context, ["Failed"])?.message ?? ""), context),
      };
    case "ErrImageNeverPull":
      return {
        state: "broken",
        what:
          `The image ${container.image} of ${named} is not on this machine, and imagePullPolicy Never forbids to pull it.`,
        because: told(["ErrImageNeverPull", "Failed"]),
        next: [...preload(container, context), "set imagePullPolicy to IfNotPresent"],
      };
    case "InvalidImageName":
      return {
        state: "broken",
        what: `${JSON.stringify(container.image)} is no name of an image (${named}).`,
        because: told(["InspectFailed", "Failed"]),
        next: ["write it as REGISTRY/NAME:TAG or NAME@sha256:…, in lower case"],
      };
    case "CreateContainerConfigError":
      return {
        state: "broken",
        what: `${capital(named)} cannot be configured.`,
        because: told(["Failed"]),
        next: missingObject(message, subject.pod) ?? ["mend what the message names"],
      };
    case "CreateContainerError":
    case "RunContainerError":
    case "StartError":
    case "PostStartHookError":
      return {
        state: "broken",
        what: reason === "PostStartHookError"
          ? `The postStart hook of ${named} failed, and the container was ended.`
          : `The runtime cannot start ${named}.`,
        because: told(["Failed", "FailedPostStartHook"]),
        next: afterRefusal(message, subject),
      };
    case "CrashLoopBackOff": {
      const last = subject.status?.lastState?.terminated;
      const seconds = restartIn(last, message, context.now);
      const finding = last ? ended(subject, last) : { what: `${capital(named)} ends again and again.`, because: [] };
      return {
        state: "broken",
        what: `${finding.what} It has been started ${times(subject)}${
          seconds === undefined ? "" : ` and is tried again in ${seconds} s`
        }.`,
        because: [...finding.because, ...killedBy(subject, context)],
        next: last ? afterEnd(subject, last, true) : [logs(subject, true)],
      };
    }
    case "PodInitializing":
      return undefined;
    default: {
      const pulling = lastEvent(subject, context, ["Pulling", "Pulled", "Created", "Started"]);
      if (pulling?.reason === "Pulling") {
        return {
          state: "waiting",
          what: `The image ${container.image} of ${named} is being pulled, for ${
            age(pulling.lastTimestamp, context.now)
          } now.`,
          because: [],
          next: ["wait; a slow link takes its time"],
        };
      }
      return {
        state: "waiting",
        what: `${capital(named)} is being created.`,
        because: said(message),
        next: [],
      };
    }
  }
}

/** A running container that does not count as ready. */
function explainUnready(
  subject: Subject,
  startedAt: string | undefined,
  context: WhyContext,
): ContainerFinding | undefined {
  const { container, status, kind } = subject;
  const named = name(subject);
  if (kind === "ephemeral container") return undefined;
  if (kind === "init container") {
    return {
      state: "waiting",
      what: `${capital(named)} runs${
        startedAt ? `, since ${age(startedAt, context.now)}` : ""
      }; the rest waits for its end.`,
      because: [],
      next: [logs(subject, false)],
    };
  }
  if (status?.ready) return undefined;
  const unhealthy = lastEvent(subject, context, ["Unhealthy", "ProbeError"]);
  if (container.startupProbe && status?.started === false) {
    return {
      state: "waiting",
      what: `${capital(named)} runs, but its startup probe has not succeeded yet.`,
      because: said("", unhealthy),
      next: [
        logs(subject, false),
        `it is killed after ${container.startupProbe.failureThreshold ?? 3} failures in a row, one every ${
          container.startupProbe.periodSeconds ?? 10
        } s`,
      ],
    };
  }
  if (container.readinessProbe) {
    return {
      state: unhealthy ? "broken" : "waiting",
      what: `${capital(named)} runs, but its readiness probe ${unhealthy ? "fails" : "has not succeeded yet"}.`,
      because: said("", unhealthy),
      next: [logs(subject, false), `the probe asks: ${probeText(container.readinessProbe)}`],
    };
  }
  return undefined;
}

function probeText(probe: NonNullable<Container["readinessProbe"]>): string {
  const { httpGet, tcpSocket, exec, grpc } = probe;
  if (httpGet) {
    return `${httpGet.scheme === "HTTPS" ? "HTTPS" : "HTTP"} GET ${httpGet.path ?? "/"} on port ${httpGet.port}`;
  }
  if (tcpSocket) return `a TCP connection to port ${tcpSocket.port}`;
  if (exec) return `the command ${JSON.stringify(exec.command ?? [])}`;
  return grpc ? `the gRPC health service on port ${grpc.port}` : "nothing";
}

/** How a container ended, as a sentence. */
export function ended(
  subject: Pick<Subject, "container" | "kind">,
  terminated: Terminated,
): Pick<Finding, "what" | "because"> {
  const named = capital(name(subject));
  const { exitCode, reason, message } = terminated;
  if (reason === "OOMKilled") {
    const limit = subject.container.resources?.limits?.memory;
    return {
      what: `${named} needed more memory than ${
        limit ? `its limit of ${limit}` : "there was"
      } and was killed (OOMKilled).`,
      because: said(message),
    };
  }
  if (reason === "StartError" || reason === "ContainerCannotRun") {
    return { what: `The runtime cannot start ${name(subject)}.`, because: said(message) };
  }
  if (exitCode === 0) return { what: `${named} ended by itself, successfully.`, because: said(message) };
  return { what: `${named} ended ${exitCodeText(exitCode)}.`, because: said(message) };
}

function afterEnd(subject: Subject, { exitCode, reason, message = "" }: Terminated, before: boolean): string[] {
  const { container } = subject;
  if (reason === "OOMKilled") {
    const limit = container.resources?.limits?.memory;
    return [
      limit
        ? `raise spec.containers[].resources.limits.memory above ${limit}, or make the program need less`
        : "make the program need less, or end what else uses the machine's memory",
      logs(subject, before),
    ];
  }
  if (reason === "StartError" || reason === "ContainerCannotRun") return afterRefusal(message, subject);
  if (exitCode === 0) {
    return ["a program that ends belongs into a pod with restartPolicy OnFailure or Never", logs(subject, before)];
  }
  const next = [logs(subject, before)];
  if (exitCode === 126 || exitCode === 127) next.push(...afterRefusal("executable file not found", subject));
  else if (exitCodeMeaning(exitCode)?.startsWith("SIGILL")) next.push("use an image for this machine's architecture");
  return next;
}

function afterRefusal(message: string, subject: Subject): string[] {
  const { container } = subject;
  if (/executable file not found|no such file or directory/i.test(message)) {
    return [
      `check ${container.command ? "command" : "the image's entrypoint"}${
        container.command ? ` ${JSON.stringify(container.command)}` : ""
      }: is the program in the image, and is a shell there if one is used?`,
    ];
  }
  if (/permission denied/i.test(message)) {
    return ["check that the file is executable and that runAsUser may read it"];
  }
  if (/exec format error/i.test(message)) return ["use an image for this machine's architecture"];
  if (/runAsNonRoot/i.test(message)) {
    return ["set runAsUser to a number other than 0, or use an image with such a user"];
  }
  return ["mend what the message names"];
}

function afterPull({ container, pod }: Subject, message: string, context: WhyContext): string[] {
  if (/no such host|lookup|timeout|timed out|refused|unreachable|reset by peer|network/i.test(message)) {
    return [
      "the registry cannot be reached; it is tried again by itself, and at once when the network is back",
      ...preload(container, context),
    ];
  }
  if (/unauthori[sz]ed|authentication|forbidden|denied|401|403/i.test(message)) {
    return [
      "the registry refuses: check the name, and give credentials by imagePullSecrets or config.json in the root directory",
      ...pod.spec.imagePullSecrets?.length ? [] : ["this pod has no imagePullSecrets"],
    ];
  }
  if (/not found|manifest unknown|404/i.test(message)) {
    return ["check the image's name and tag", ...preload(container, context)];
  }
  if (/certificate|x509/i.test(message)) {
    return ["the registry's certificate is not trusted here: add its CA to the machine, or set the clock right"];
  }
  if (/no space|disk/i.test(message)) return ["make room on the disk"];
  return preload(container, context);
}

function preload({ image = "" }: Container, { imagesDir }: WhyContext): string[] {
  return imagesDir ? [`put an archive of ${image} into ${imagesDir} (docker save, skopeo copy)`] : [];
}

function missingObject(message: string, pod: Pod): string[] | undefined {
  const found = /\b(configmap|secret)s? "([^"]+)" not found/i.exec(message);
  if (found) return [`make the ${found[1]} ${JSON.stringify(found[2])} in namespace ${pod.metadata.namespace}`];
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) (\S+)/i.exec(message);
  if (key) return [`add the key ${key[1]} to the ${key[2]} ${key[3]}, or make the reference optional`];
  if (/runAsNonRoot/i.test(message)) {
    return ["set runAsUser to a number other than 0, or use an image with such a user"];
  }
  return undefined;
}

/** A liveness or startup probe that ended the container, as events tell it. */
function killedBy(subject: Subject, context: WhyContext): string[] {
  const killing = lastEvent(subject, context, ["Killing"]);
  if (!killing || !/liveness|startup/i.test(killing.message)) return [];
  return [killing.message, ...said("", lastEvent(subject, context, ["Unhealthy"]))];
}

function restartIn(last: Terminated | undefined, message: string, now: number): number | undefined {
  const wait = /back-off (?:(\d+)m)?(?:(\d+)s)?/.exec(message);
  if (!wait || !last?.finishedAt) return undefined;
  const ms = (Number(wait[1] ?? 0) * 60 + Number(wait[2] ?? 0)) * 1000;
  return Math.max(0, Math.round((Date.parse(last.finishedAt) + ms - now) / 1000));
}

function times({ status }: Subject): string {
  const starts = (status?.restartCount ?? 0) + 1;
  return starts === 1 ? "once" : starts === 2 ? "twice" : `${starts} times`;
}

function lastEvent({ container }: Subject, { events }: WhyContext, reasons: readonly string[]): Event | undefined {
  return events.findLast(({ reason, involvedObject: { fieldPath } }) =>
    reasons.includes(reason) && (fieldPath === undefined || fieldPath.includes(`{${container.name}}`))
  );
}

/** Messages without repetition, the container's own first. */
function said(message: string | undefined, event?: Event): string[] {
  const texts = [message?.trim() ?? "", event?.message.trim() ?? ""].filter((text) => text !== "");
  return texts.filter((text, at) => texts.findIndex((other) => other.includes(text)) === at);
}

function logs({ pod, container }: Subject, previous: boolean): string {
  const namespace = pod.metadata.namespace === "default" ? "" : ` -n ${pod.metadata.namespace}`;
  return `islet logs${namespace} ${pod.metadata.name} -c ${container.name}${previous ? " --previous" : ""}`;
}

function name({ container, kind }: Pick<Subject, "container" | "kind">): string {
  return `${kind} ${container.name}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
