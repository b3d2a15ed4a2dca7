/** What went through network interfaces, from /proc/PID/net/dev of a process in the network namespace. */

export interface InterfaceUsage {
  name: string;
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

/** Reads a file's text; undefined when it is not there. */
export type ReadText = (path: string) => string | undefined;

/** What a pod sees as its interfaces, without the loopback. */
export function podInterfaces(pid: number, read: ReadText): InterfaceUsage[] | undefined {
  const text = read(`/proc/${pid}/net/dev`);
  return text === undefined ? undefined : parseInterfaces(text).filter(({ name }) => name !== "lo");
}

/** The machine's own interfaces: those that containers' networks made count their traffic a second time. */
export function nodeInterfaces(read: ReadText): InterfaceUsage[] | undefined {
  const text = read("/proc/1/net/dev") ?? read("/proc/self/net/dev");
  return text === undefined
    ? undefined
    : parseInterfaces(text).filter(({ name }) => !/^(lo$|veth|docker|nerdctl)/.test(name));
}

/** `  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0` a line, after two lines of heading. */
export function parseInterfaces(text: string): InterfaceUsage[] {
  const found: InterfaceUsage[] = [];
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const numbers = line.slice(colon + 1).trim().split(/\s+/).map(Number);
    if (numbers.length < 16) continue;
    const [rxBytes, rxPackets, rxErrors, rxDropped, , , , , txBytes, txPackets, txErrors, txDropped] = numbers;
    found.push({
      name: line.slice(0, colon).trim(),
      rxBytes,
      rxPackets,
      rxErrors,
      rxDropped,
      txBytes,
      txPackets,
      txErrors,
      txDropped,
    });
  }
  return found;
}

/** The interface that stands for all: kubelet takes eth0, which a machine need not have. */
export function mainInterface(interfaces: readonly InterfaceUsage[]): InterfaceUsage | undefined {
  return interfaces.find(({ name }) => name === "eth0") ?? interfaces[0];
}
