/** What keeps a pod from running, from the outside in: its end, its place, the node, its volumes and sandbox, its containers. */
import { age } from "../age.ts";
import type { ContainerStatus, Pod } from "../objects/mod.ts";
import { type ContainerFinding, ended, explainContainer, type Subject } from "./container.ts";
import type { Explanation, Finding, WhyContext } from "./types.ts";

/** Explains a pod. */
export function explain(pod: Pod, context: WhyContext): Explanation {
  const { metadata, status = {} } = pod;
  const named = `Pod ${metadata.namespace}/${metadata.name}`;
  const problems: Finding[] = context.problems.length === 0 ? [] : [{
    what: "Its manifest has errors; the last good version is what runs.",
    because: [...context.problems],
    next: ["islet validate FILE says everything that is wrong with it"],
  }];
  const withProblems = (explanation: Explanation): Explanation => ({
    ...explanation,
    state: problems.length > 0 ? "broken" : explanation.state,
    findings: [...explanation.findings, ...problems],
  });
  if (metadata.deletionTimestamp) return withProblems(ending(pod, named, context));
  if (!context.healthy) {
    return withProblems({
      state: "broken",
      headline: `${named}: the container runtime does not answer, so what is known of it is old.`,
      findings: [{
        what: "The container runtime does not answer.",
        because: [],
        next: ["islet check", "look into the log of containerd; a managed one is started again by itself"],
      }],
    });
  }
  if (status.phase === "Succeeded") {
    return withProblems({
      state: "fine",
      headline: `${named} has done its work and ended.`,
      findings: [],
    });
  }
  if (status.phase === "Failed") return withProblems(failed(pod, named, context));
  const place = unplaced(pod, named, context);
  if (place) return withProblems(place);

  const held = heldBack(pod, context);
  const containers = subjects(pod).map((subject) => explainContainer(subject, context))
    .filter((finding) => finding !== undefined);
  // What waits for another container says less than that container.
  const broken = containers.filter(({ state }) => state === "broken");
  const shown = broken.length > 0 ? broken : held.length > 0 ? [] : containers;
  const findings: Finding[] = [...held, ...shown].map(plain);
  const gates = openGates(pod);
  if (gates.length > 0 && findings.length === 0) {
    findings.push({
      what: `It waits for its readiness gates: ${gates.join(", ")}.`,
      because: [],
      next: ["whoever sets these conditions has not set them to True yet"],
    });
  }
  if (findings.length === 0) {
    const ready = status.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    if (ready) return withProblems(runs(pod, named, context));
    return withProblems({
      state: "waiting",
      headline: `${named} is being started${
        metadata.creationTimestamp ? ` (for ${age(metadata.creationTimestamp, context.now)})` : ""
      }.`,
      findings: [],
    });
  }
  const state = held.length > 0 || broken.length > 0 ? "broken" : "waiting";
  return withProblems({
    state,
    headline: `${named} ${standing(pod)}: ${lower(findings[0].what)}`,
    findings,
  });
}

/** What there is of a pod that is not as it should be. */
function standing({ status = {} }: Pod): string {
  const all = [...status.initContainerStatuses ?? [], ...status.containerStatuses ?? []];
  if (status.phase !== "Running") return "does not run yet";
  return all.some(({ state }) => state?.running) ? "runs, but is not ready" : "does not run";
}

function runs({ status = {}, spec }: Pod, named: string, { now }: WhyContext): Explanation {
  const all = [...status.initContainerStatuses ?? [], ...status.containerStatuses ?? []];
  const restarts = all.filter(({ restartCount, lastState }) => restartCount > 0 && lastState?.terminated);
  const since = status.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime;
  return {
    state: "fine",
    headline: `${named} runs and is ready${since ? `, for ${age(since, now)}` : ""}.`,
    findings: restarts.map((container) => {
      const subject = subjectOf(spec, container.name);
      const what = subject ? ended(subject, container.lastState!.terminated!).what : "";
      const at = container.lastState!.terminated!.finishedAt;
      return {
        what: `It was restarted ${container.restartCount === 1 ? "once" : `${container.restartCount} times`}${
          at ? `, the last time ${age(at, now)} ago` : ""
        }: ${lower(what)}`,
        because: [],
        next: [],
      };
    }),
  };
}

function subjectOf(spec: Pod["spec"], wanted: string): Pick<Subject, "container" | "kind"> | undefined {
  const container = [...spec.initContainers ?? [], ...spec.containers].find(({ name }) => name === wanted);
  return container && { container, kind: "container" };
}

function ending({ metadata, spec, status = {} }: Pod, named: string, { now }: WhyContext): Explanation {
  const grace = metadata.deletionGracePeriodSeconds ?? 0;
  const deadline = Date.parse(metadata.deletionTimestamp!);
  const left = Math.round((deadline - now) / 1000);
  const running = [...status.initContainerStatuses ?? [], ...status.containerStatuses ?? []]
    .filter(({ state }) => state?.running).map(({ name }) => name);
  const findings: Finding[] = [];
  if (running.length > 0) {
    const hooks = spec.containers.filter(({ name, lifecycle }) => running.includes(name) && lifecycle?.preStop);
    findings.push({
      what: `Still running: ${running.join(", ")}; ${
        left > 0 ? `${left} s of the grace of ${grace} s are left` : `the grace of ${grace} s is over`
      }.`,
      because: hooks.map(({ name }) => `container ${name} has a preStop hook, which comes first`),
      next: left > 0 ? ["wait, or delete it with a shorter grace"] : ["look into the log: the runtime may not end it"],
    });
  } else if (metadata.finalizers?.length) {
    findings.push({
      what: `It is kept by its finalizers: ${metadata.finalizers.join(", ")}.`,
      because: [],
      next: ["whoever put them there has to take them away"],
    });
  }
  return {
    state: running.length === 0 && metadata.finalizers?.length ? "broken" : "waiting",
    headline: `${named} is being ended.`,
    findings,
  };
}

const refusals: Record<string, string> = {
  OutOfcpu: "ask for less cpu in resources.requests, or end other pods",
  OutOfmemory: "ask for less memory in resources.requests, or end other pods",
  "OutOfephemeral-storage": "ask for less ephemeral-storage in resources.requests, or end other pods",
  OutOfpods: "end other pods, or raise maxPods",
  Preempting:
    "a critical pod took its room; a manifest's pod comes back when there is some, another has to be made anew",
  SMTAlignmentError: "ask for whole cores, or leave full-pcpus-only out of cpuManagerPolicyOptions",
  NodePorts: "another pod has that host port: change one of them",
  PodFitsHostPorts: "another pod has that host port: change one of them",
  NodeAffinity:
    "this node has not the labels that the pod asks for: set nodeLabels, or change nodeSelector or affinity",
  UnexpectedAdmissionError: "mend what the message names",
  SysctlForbidden: "allow it in allowedUnsafeSysctls, or leave it out",
  AppArmor: "load the profile, or leave it out",
  DeadlineExceeded: "raise activeDeadlineSeconds, or make it faster",
  Evicted:
    "ask for what it needs in resources.requests, or let it use less; from a manifest it comes back by itself, by the API it has to be made anew",
};

function failed(pod: Pod, named: string, context: WhyContext): Explanation {
  const { reason = "", message = "" } = pod.status ?? {};
  const findings: Finding[] = [];
  if (reason) {
    findings.push({
      what: `${reason}${message ? `: ${message}` : ""}`,
      because: [],
      next: refusals[reason] ? [refusals[reason]] : [],
    });
  }
  for (const subject of subjects(pod)) {
    const terminated = subject.status?.state?.terminated;
    if (terminated && terminated.exitCode !== 0) {
      const finding = explainContainer(subject, context);
      if (finding) findings.push(plain(finding));
    }
  }
  return {
    state: "broken",
    headline: `${named} has failed${findings.length > 0 ? `: ${lower(findings[0].what)}` : "."}`,
    findings,
  };
}

/** A pod that no node runs yet. */
function unplaced({ status = {}, spec }: Pod, named: string, { events }: WhyContext): Explanation | undefined {
  const scheduled = status.conditions?.find(({ type }) => type === "PodScheduled");
  if (spec.nodeName || scheduled?.status === "True") return undefined;
  const message = scheduled?.message ?? events.findLast(({ reason }) => reason === "FailedScheduling")?.message ?? "";
  const gated = scheduled?.reason === "SchedulingGated";
  const next = gated
    ? ["remove spec.schedulingGates"]
    : /PersistentVolumeClaim/i.test(message)
    ? claimsAdvice(spec, message)
    : /taint/.test(message)
    ? ["add a toleration, or remove the taint (kubectl taint, kubectl uncordon)"]
    : /affinity|selector/.test(message)
    ? ["give the node the label, or change nodeSelector or affinity"]
    : /unschedulable/.test(message)
    ? ["kubectl uncordon"]
    : [];
  const what = gated
    ? "It is held back by its scheduling gates."
    : /PersistentVolumeClaim/i.test(message)
    ? "It waits for the volume of a claim."
    : "This node may not run it.";
  return {
    state: "broken",
    headline: `${named} does not run: ${lower(what)}`,
    findings: [{ what, because: message ? [message] : [], next }],
  };
}

/** Nobody provides volumes on a node that is on its own: somebody has to make them. */
function claimsAdvice({ volumes = [] }: Pod["spec"], message: string): string[] {
  const missing = /persistentvolumeclaim "([^"]+)" not found/.exec(message)?.[1];
  if (missing) return [`make the persistentvolumeclaim ${JSON.stringify(missing)}`];
  if (!/unbound/.test(message)) return [];
  const claims = volumes.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
  return [
    `make a PersistentVolume (hostPath or local) of the size, accessModes and storageClassName that the claim asks for`,
    ...claims.map((name) => `islet describe pvc ${name}`),
  ];
}

/** Volumes, network, sandbox: what comes before containers, as events tell it. */
function heldBack(pod: Pod, { events }: WhyContext): Finding[] {
  const ready = pod.status?.conditions?.find(({ type }) => type === "PodReadyToStartContainers");
  if (ready?.status === "True") return [];
  const last = events.findLast(({ reason, type }) =>
    type === "Warning" &&
    /^Failed(Mount|CreatePodSandBox|AttachVolume|MapVolume|CreatePodContainer|Sync|KillPod)$/.test(reason)
  );
  if (!last) return [];
  const missing = /\b(configmap|secret|persistentvolumeclaim)s? "([^"]+)" not found/i.exec(last.message);
  const next = missing
    ? [`make the ${missing[1]} ${JSON.stringify(missing[2])} in namespace ${pod.metadata.namespace}`]
    : last.reason === "FailedCreatePodSandBox"
    ? ["islet check", "a network that is not set up, or a full range of addresses, shows here"]
    : ["mend what the message names"];
  const what = last.reason === "FailedMount"
    ? "A volume cannot be set up."
    : last.reason === "FailedCreatePodSandBox"
    ? "Its sandbox cannot be made."
    : "It cannot be prepared.";
  return [{ what, because: [`${last.reason}: ${last.message}`], next }];
}

function openGates({ spec, status = {} }: Pod): string[] {
  return (spec.readinessGates ?? []).map(({ conditionType }) => conditionType).filter((gate) =>
    !status.conditions?.some(({ type, status }) => type === gate && status === "True")
  );
}

/** Every container with its status, in the order in which they start. */
function subjects(pod: Pod): Subject[] {
  const { spec, status = {} } = pod;
  const of = (list: readonly ContainerStatus[] | undefined, name: string) => list?.find((each) => each.name === name);
  return [
    ...(spec.initContainers ?? []).map((container): Subject => ({
      pod,
      container,
      status: of(status.initContainerStatuses, container.name),
      kind: container.restartPolicy === "Always" ? "sidecar" : "init container",
    })),
    ...spec.containers.map((container): Subject => ({
      pod,
      container,
      status: of(status.containerStatuses, container.name),
      kind: "container",
    })),
  ];
}

function plain({ what, because, next }: Finding | ContainerFinding): Finding {
  return { what, because, next };
}

/** Inside a sentence: names of containers and images keep their letters. */
function lower(text: string): string {
  return /^(The|A|It|Its|This|Container|Init|Sidecar|Still)\b/.test(text)
    ? text.slice(0, 1).toLowerCase() + text.slice(1)
    : text;
}
