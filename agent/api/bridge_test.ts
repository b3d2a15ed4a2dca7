import assert from "node:assert/strict";
import type { ExitStatus, OutputChunk, RemoteProcess } from "../../cri/streams.ts";
import { bridge, type ClientSocket, exitStatus } from "./bridge.ts";
import { channel, chooseProtocol, creditProtocol, frame, v4Protocol, v5Protocol } from "./channels.ts";

const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

/** A client that keeps what it is sent. */
class Client {
  sent: { channel: number; text: string }[] = [];
  closed = false;
  bufferedAmount = 0;
  readyState = 1;
  binaryType = "blob" as BinaryType;
  onopen: ClientSocket["onopen"] = null;
  onmessage: ClientSocket["onmessage"] = null;
  onclose: ClientSocket["onclose"] = null;
  onerror: ClientSocket["onerror"] = null;

  send(data: Uint8Array): void {
    this.sent.push({ channel: data[0], text: new TextDecoder().decode(data.subarray(1)) });
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen!.call(this as unknown as WebSocket, new Event("open"));
  }

  says(channel: number, data: Uint8Array): void {
    const message = frame(channel, data);
    this.onmessage!.call(this as unknown as WebSocket, new MessageEvent("message", { data: message.buffer }));
  }

  leaves(): void {
    this.onclose!.call(this as unknown as WebSocket, new CloseEvent("close"));
  }

  texts(wanted: number): string {
    return this.sent.filter(({ channel }) => channel === wanted).map(({ text }) => text).join("");
  }
}

/** A process whose output and end the test decides. */
class Process implements RemoteProcess {
  #controller!: ReadableStreamDefaultController<OutputChunk>;
  #status = Promise.withResolvers<ExitStatus>();
  output = new ReadableStream<OutputChunk>({ start: (controller) => void (this.#controller = controller) });
  status = this.#status.promise;
  did: string[] = [];
  closes = 0;
  refuses = false;

  says(stream: "stdout" | "stderr", text: string): void {
    this.#controller.enqueue({ stream, data: bytes(text) });
  }

  ends(exitCode: number): void {
    this.#status.resolve({ exitCode, message: "" });
    this.#controller.close();
  }

  breaks(err: Error): void {
    this.#status.promise.catch(() => {});
    this.#status.reject(err);
    this.#controller.error(err);
  }

  write(data: Uint8Array): Promise<void> {
    if (this.refuses) return Promise.reject(new Error("gone"));
    this.did.push(`write ${new TextDecoder().decode(data)}`);
    return Promise.resolve();
  }

  closeStdin(): Promise<boolean> {
    this.did.push("end");
    return Promise.resolve(true);
  }

  resize(columns: number, rows: number): Promise<void> {
    this.did.push(`resize ${columns}x${rows}`);
    return Promise.resolve();
  }

  close(): void {
    if (this.closes++ === 0) this.breaks(new Error("closed"));
  }
}

function joined(protocol: string = v5Protocol, streams = { stdin: true, stdout: true, stderr: true }) {
  const client = new Client(), process = new Process();
  const done = bridge({ socket: client as unknown as ClientSocket, process, protocol, streams });
  client.open();
  return { client, process, done };
}

Deno.test("output goes to its channel and the exit code to the error channel, then the socket closes", async () => {
  const { client, process, done } = joined();
  process.says("stdout", "out");
  process.says("stderr", "err");
  process.ends(3);
  await done;
  assert.equal(client.texts(channel.stdout), "out");
  assert.equal(client.texts(channel.stderr), "err");
  const status = JSON.parse(client.texts(channel.error));
  assert.equal(status.reason, "NonZeroExitCode");
  assert.deepEqual(status.details.causes, [{ reason: "ExitCode", message: "3" }]);
  assert.ok(client.closed);
});

Deno.test("output that was not asked for is not sent", async () => {
  const { client, process, done } = joined(v5Protocol, { stdin: false, stdout: true, stderr: false });
  process.says("stderr", "err");
  client.says(channel.stdin, bytes("in"));
  process.ends(0);
  await done;
  assert.equal(client.texts(channel.stderr), "");
  assert.equal(JSON.parse(client.texts(channel.error)).status, "Success");
  assert.deepEqual(process.did, []);
});

Deno.test("input, sizes and the end of input reach the process in order", async () => {
  const { client, process, done } = joined();
  client.says(channel.stdin, bytes("a"));
  client.says(channel.resize, bytes('{"Width":80,"Height":24}'));
  client.says(channel.resize, bytes('{"Width":"wide"}'));
  client.says(channel.resize, bytes("null"));
  client.says(channel.close, new Uint8Array([channel.stdin]));
  await new Promise((resolve) => setTimeout(resolve));
  process.ends(0);
  await done;
  assert.deepEqual(process.did, ["write a", "resize 80x24", "end"]);
});

Deno.test("v4 has no end of input", async () => {
  const { client, process, done } = joined(v4Protocol);
  client.says(channel.close, new Uint8Array([channel.stdin]));
  await new Promise((resolve) => setTimeout(resolve));
  process.ends(0);
  await done;
  assert.deepEqual(process.did, []);
});

Deno.test("a client that knows credit is told what was passed on", async () => {
  const { client, process, done } = joined(creditProtocol);
  client.says(channel.stdin, bytes("abc"));
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(client.sent, [{ channel: channel.credit, text: "\0\0\0\x03" }]);
  process.ends(0);
  await done;
});

Deno.test("a process that takes no more input still tells how it ended", async () => {
  const { client, process, done } = joined();
  process.refuses = true;
  client.says(channel.stdin, bytes("abc"));
  await new Promise((resolve) => setTimeout(resolve));
  process.ends(0);
  await done;
  assert.equal(JSON.parse(client.texts(channel.error)).status, "Success");
});

Deno.test("a process that is lost is an error on the error channel", async () => {
  const { client, process, done } = joined();
  process.breaks(new Error("the stream closed"));
  await done;
  const status = JSON.parse(client.texts(channel.error));
  assert.equal(status.reason, "InternalError");
  assert.equal(status.message, "the stream closed");
});

Deno.test("a client that leaves ends the process's streams", async () => {
  const { client, process, done } = joined();
  client.leaves();
  await done;
  assert.ok(process.closes > 0);
  assert.equal(client.texts(channel.error), "");
});

Deno.test("a client without credit that is far ahead of the process is ended", async () => {
  const { client, process, done } = joined(v5Protocol);
  process.write = () => new Promise(() => {});
  const piece = new Uint8Array(8 * 1024 * 1024);
  for (let count = 0; count < 5; count++) client.says(channel.stdin, piece);
  await done;
  assert.match(JSON.parse(client.texts(channel.error)).message, /stdin arrives faster/);
});

Deno.test("nothing is read from the process while the client is behind", async () => {
  const { client, process, done } = joined();
  client.bufferedAmount = 2 * 1024 * 1024;
  process.says("stdout", "1");
  process.says("stdout", "2");
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(client.texts(channel.stdout), "1");
  client.bufferedAmount = 0;
  process.ends(0);
  await done;
  assert.equal(client.texts(channel.stdout), "12");
});

Deno.test("chooseProtocol() takes the best that is offered", () => {
  assert.equal(chooseProtocol("v4.channel.k8s.io, v5.channel.k8s.io"), v5Protocol);
  assert.equal(chooseProtocol(`${v5Protocol},${creditProtocol}`), creditProtocol);
  assert.equal(chooseProtocol("channel.k8s.io"), undefined);
});

Deno.test("exitStatus() keeps the runtime's words", () => {
  assert.equal(exitStatus({ exitCode: 2, message: "said" }).message, "said");
  assert.equal(exitStatus({ exitCode: 0, message: "" }).status, "Success");
});
