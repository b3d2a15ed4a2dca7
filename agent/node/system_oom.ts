/**
 * Processes that the kernel kills for want of memory outside of pods: a Node event in kubelet's words. The kernel's log tells
 * of them. It is the system's affair when the whole machine is short of memory, whoever is killed then, and when the victim is
 * in a cgroup that is no pod's: a daemon beyond what is reserved for it. Pure.
 */

export const systemOomReason = "SystemOOM";

export interface OomKill {
  process: string;
  pid: number;
  /** The victim's cgroup, where a cgroup's limit was reached; undefined: the whole machine was short. */
  cgroup?: string;
}

// Linux mm/oom_kill.c: dump_oom_summary() and __oom_kill_process(). A process may well call itself `a,pid=1`.
const ofCgroup = /^oom-kill:constraint=CONSTRAINT_MEMCG,.*,oom_memcg=.*,task_memcg=(.*),task=(.*),pid=(\d+),uid=\d+$/;
const ofMachine = /^Out of memory(?: \(oom_kill_allocating_task\))?: Killed process (\d+) \((.*)\) total-vm:/;

/** What a line of the kernel's log says of a kill: one line of each. */
export function oomKill(text: string): OomKill | undefined {
  const inCgroup = ofCgroup.exec(text);
  if (inCgroup) return { cgroup: inCgroup[1], process: inCgroup[2], pid: Number(inCgroup[3]) };
  const inMachine = ofMachine.exec(text);
  return inMachine ? { process: inMachine[2], pid: Number(inMachine[1]) } : undefined;
}

/** Whether a cgroup is of a pod, of this node's or of another's on the machine; the log has paths from the machine's root. */
export function isOfPod(cgroup: string): boolean {
  return cgroup.split("/").some((name) => /^(?:.*-)?kubepods(?:\.slice)?$/.test(name));
}

export function systemOomMessage({ process, pid }: OomKill): string {
  return `System OOM encountered, victim process: ${process}, pid: ${pid}`;
}
