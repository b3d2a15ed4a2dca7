/**
 * Opens a stream at kubelet's port, from wherever it is run, and tells as JSON what each channel said until it ended:
 *
 *     deno run -A kubelet_stream.ts PATH PROTOCOL TOKEN CA-FILE [INPUT]
 */
import { WebSocketConnection } from "../../cri/websocket.ts";

const [path, protocol, token, ca, input = ""] = Deno.args;
const caCerts = [await Deno.readTextFile(ca)];
const began = performance.now();
const socket = await WebSocketConnection.open(`https://127.0.0.1:10250${path}`, [protocol], {
  connect: () => Deno.connectTls({ hostname: "127.0.0.1", port: 10250, caCerts }),
  headers: [["Authorization", `Bearer ${token}`]],
});
const said = ["", "", "", ""];
// What is said before the container's output is joined is not heard: it is said until there is an answer.
const talk = () => void socket.send(new TextEncoder().encode(`\0${input}`)).catch(() => {});
const talking = input === "" ? undefined : setInterval(talk, 200);
const receive = () => socket.receive().catch(() => undefined);
for (let message; (message = await receive());) {
  said[message[0]] += new TextDecoder().decode(message.subarray(1));
  if (said[1] !== "") clearInterval(talking);
}
clearInterval(talking);
socket.close();
console.log(JSON.stringify({ said, ms: performance.now() - began }));
