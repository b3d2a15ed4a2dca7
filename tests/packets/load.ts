/**
 * A running load, as a program of its own: so many connections that stay open and echo all the time, and new ones beside them. It
 * says `ready` when all are open, and for each line of its standard input, as a line of JSON, how it went so far.
 *
 *     deno run -A load.ts ADDRESS PORT CONNECTIONS
 */

export interface LoadReport {
  /** Echoes over the connections that stay open, and connections that were made anew. */
  echoes: number;
  connections: number;
  /** What failed, and what took longer than `longestMs`. */
  failures: string[];
}

/** A lost packet is sent again after a second: nothing takes so long on its own but on a machine that is very busy. */
const longestMs = 10_000;

async function main([address, port, count]: string[]): Promise<void> {
  const report: LoadReport = { echoes: 0, connections: 0, failures: [] };
  let isOver = false;
  const connect = () => Deno.connect({ hostname: address, port: Number(port) });
  const read = async (connection: Deno.TcpConn) => {
    const size = await connection.read(new Uint8Array(200));
    if (size === null) throw new Error("the connection was closed");
  };
  const within = async (what: string, work: () => Promise<void>) => {
    const late = setTimeout(() => report.failures.push(`${what} takes longer than ${longestMs} ms`), longestMs);
    try {
      await work();
    } catch (error) {
      report.failures.push(`${what}: ${(error as Error).message}`);
      isOver = true;
    } finally {
      clearTimeout(late);
    }
  };
  const open: Deno.TcpConn[] = [];
  for (let i = 0; i < Number(count); i++) {
    const connection = await connect();
    await read(connection); // who answers
    open.push(connection);
  }
  const echoing = open.map(async (connection, i) => {
    while (!isOver) {
      await within(`echo ${i}`, async () => {
        await connection.write(new Uint8Array(1));
        await read(connection);
        report.echoes++;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    connection.close();
  });
  const connecting = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await within(`a new connection to ${address}`, async () => {
        using connection = await connect();
        await read(connection);
        report.connections++;
      });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  console.log("ready");
  for await (const _ of Deno.stdin.readable) console.log(JSON.stringify(report));
  isOver = true;
  await Promise.all([...echoing, ...connecting]);
}

if (import.meta.main) await main(Deno.args);
