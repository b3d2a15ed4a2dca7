/**
 * One node a network: two that set up pods' addresses, Services and DNS in one network namespace would write over each other's
 * rules. A node holds an abstract socket, which the kernel keeps by network namespace and takes away with the process, and
 * beside it one whose name tells the others who it is (unix(7), network_namespaces(7)).
 */

/** How the sockets' names begin: whoever holds the first has the network. */
const holder = "islet-node";
/** Bytes of a name that are left for a root directory. */
const longest = 80;

/** The network that this process is in, until it lets go of it. */
export interface NetworkClaim {
  close(): void;
}

/** Takes the network for the node of `rootDir`. Throws an Error that names the node which has it. `name`: for tests. */
export function claimNetwork(rootDir: string, name = holder): NetworkClaim {
  let first: Deno.Listener;
  try {
    first = Deno.listen({ transport: "unix", path: `\0${name}` });
  } catch (err) {
    if (!(err instanceof Deno.errors.AddrInUse)) throw err;
    const other = holderOf(Deno.readTextFileSync("/proc/net/unix"), name);
    throw new Error(
      `Cannot start: another node runs in this network${
        other ? `, with the root directory ${other}` : ""
      }, and has its ` +
        "pods' addresses, Services and DNS; stop it, or run this one in a network namespace of its own",
    );
  }
  let second: Deno.Listener | undefined;
  try {
    second = Deno.listen({ transport: "unix", path: `\0${name} ${rootDir.slice(0, longest)}` });
  } catch { /* the network is ours all the same, nobody learns the name */ }
  return {
    close() {
      second?.close();
      first.close();
    },
  };
}

/** The root directory that the holder's second socket tells of. `sockets`: /proc/net/unix. */
export function holderOf(sockets: string, name = holder): string | undefined {
  const mark = ` @${name} `;
  const line = sockets.split("\n").find((line) => line.includes(mark));
  return line?.slice(line.indexOf(mark) + mark.length);
}
