/** `islet exec POD -- COMMAND`: runs a command in a container; its exit code becomes ours. */
import type { Pod } from "../objects/mod.ts";
import { channel, creditProtocol, frame, jsonFrame, stdinEnd, stdinWindow, v5Protocol } from "../api/channels.ts";
import type { Status } from "../api/status.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, type Client, clientFlags, clientFor, namespaceFlag, podPath } from "./client.ts";
import { print, warn, write } from "./output.ts";
import { chooseContainer, podName } from "./pod_choice.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "stdin", short: "i", help: "pass standard input on" },
  { name: "tty", short: "t", help: "give the command a terminal" },
  { name: "container", short: "c", value: "NAME", help: "the container; default: the first one" },
  { name: "quiet", short: "q", help: "say nothing of our own" },
  namespaceFlag,
  ...clientFlags,
];

export async function exec(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb("exec [FLAGS] POD -- COMMAND [ARGUMENT…]", "Runs a command in a container.", flags));
    return 0;
  }
  const [name, ...more] = args.words;
  if (name === undefined) throw new UsageError("name a pod: islet exec POD -- COMMAND");
  if (more.length > 0) throw new UsageError(`the command stands behind --: islet exec ${name} -- ${more.join(" ")}`);
  const command = args.rest ?? [];
  if (command.length === 0) throw new UsageError(`name a command: islet exec ${name} -- COMMAND`);
  const stdin = args.is("stdin");
  const say = args.is("quiet") ? () => {} : warn;
  const tty = terminal(args.is("tty"), say);
  const client = clientFor(args);
  const pod = podPath(args.get("namespace") ?? "default", podName(name));
  let container = args.get("container");
  if (!container) {
    const choice = chooseContainer(await client.json<Pod>(pod));
    container = choice.container;
    if (choice.notice) say(choice.notice);
  }
  const path = apiPath(`${pod}/exec`, { container, command, stdin, stdout: true, stderr: !tty, tty });
  return await joinProcess(client, { path, stdin, tty, say, verb: "exec" });
}

/** Streams of a process: what is asked for, and what to say of failures. */
export interface ProcessStreams {
  /** Path of the subresource with its query. */
  path: string;
  stdin: boolean;
  tty: boolean;
  say: (text: string) => void;
  verb: string;
}

/** Joins a process' streams with ours until it ends; resolves with the exit code. */
export async function joinProcess(client: Client, { path, stdin, tty, say, verb }: ProcessStreams): Promise<number> {
  const protocols = [creditProtocol, v5Protocol];
  const ended = Promise.withResolvers<Partial<Status>>();
  const credit = new Credit();
  const socket = await client.webSocket(path, protocols, (socket) => {
    socket.onmessage = ({ data }) => {
      const message = new Uint8Array(data as ArrayBuffer);
      const content = message.subarray(1);
      if (message[0] === channel.stdout) write(content);
      else if (message[0] === channel.stderr) write(content, Deno.stderr);
      else if (message[0] === channel.credit) credit.add(new DataView(message.buffer).getUint32(1));
      else if (message[0] === channel.error) ended.resolve(JSON.parse(new TextDecoder().decode(content)));
    };
    socket.onclose = () => ended.resolve({ status: "Failure", message: "the connection to the node was lost" });
  });
  return exitCode(await join(socket, { stdin, tty, credit, ended }), say, verb);
}

/** Whether a terminal can be given: only where our own input is one. */
export function terminal(wanted: boolean, say: (text: string) => void): boolean {
  if (!wanted || Deno.stdin.isTerminal()) return wanted;
  say("Unable to use a TTY - input is not a terminal");
  return false;
}

/** What a command's streams need besides the socket. */
interface Joining {
  stdin: boolean;
  tty: boolean;
  credit: Credit;
  /** Resolves with the command's status. */
  ended: PromiseWithResolvers<Partial<Status>>;
}

/** Passes standard input and the terminal's size on until the command ends. */
async function join(socket: WebSocket, { stdin, tty, credit, ended }: Joining): Promise<Partial<Status>> {
  const resize = () => {
    const { columns, rows } = Deno.consoleSize();
    if (socket.readyState === WebSocket.OPEN) socket.send(jsonFrame(channel.resize, { Width: columns, Height: rows }));
  };
  const raw = tty && stdin;
  if (tty) {
    if (raw) Deno.stdin.setRaw(true);
    resize();
    Deno.addSignalListener("SIGWINCH", resize);
  }
  try {
    if (stdin) sendInput(socket, credit).catch((err) => ended.resolve({ status: "Failure", message: err.message }));
    return await ended.promise;
  } finally {
    if (tty) Deno.removeSignalListener("SIGWINCH", resize);
    if (raw) Deno.stdin.setRaw(false);
    if (socket.readyState === WebSocket.OPEN) socket.close();
  }
}

/** Reads standard input as fast as the container takes it. */
async function sendInput(socket: WebSocket, credit: Credit): Promise<void> {
  const buffer = new Uint8Array(32 * 1024);
  for (let read = await Deno.stdin.read(buffer); read !== null; read = await Deno.stdin.read(buffer)) {
    await credit.take(socket.protocol === creditProtocol ? read : 0);
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(frame(channel.stdin, buffer.subarray(0, read)));
  }
  if (socket.readyState === WebSocket.OPEN) socket.send(stdinEnd);
}

/** What may be sent before the node tells that it has passed something on. */
class Credit {
  #left = stdinWindow;
  #more = () => {};

  add(bytes: number): void {
    this.#left += bytes;
    this.#more();
  }

  async take(bytes: number): Promise<void> {
    while (this.#left < bytes) await new Promise<void>((resolve) => this.#more = resolve);
    this.#left -= bytes;
  }
}

/** The command's exit code, or 1 with the reason told. */
export function exitCode(
  { status, message, reason, details }: Partial<Status>,
  say: (text: string) => void,
  verb = "exec",
): number {
  if (status === "Success") return 0;
  const code = Number(details?.causes?.find((cause) => cause.reason === "ExitCode")?.message);
  if (reason === "NonZeroExitCode" && Number.isInteger(code)) {
    say(`command terminated with exit code ${code}`);
    return code;
  }
  say(`islet ${verb}: ${message ?? "the command failed"}`);
  return 1;
}
