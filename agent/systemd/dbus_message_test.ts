import { deepEqual, equal } from "node:assert/strict";
import { decodeMessage, encodeMessage, messageLength, messageType } from "./dbus_message.ts";

Deno.test("a call is written as the specification has it", () => {
  const bytes = encodeMessage({
    type: messageType.call,
    serial: 1,
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
    member: "Hello",
    destination: "org.freedesktop.DBus",
    body: [],
  });
  equal(bytes.length, 128);
  deepEqual([...bytes.subarray(0, 16)], [0x6c, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0x6d, 0, 0, 0]);
  // the first field: PATH, an object path of 21 bytes
  deepEqual([...bytes.subarray(16, 24)], [1, 1, 0x6f, 0, 21, 0, 0, 0]);
  equal(messageLength(bytes), bytes.length);
  equal(messageLength(bytes.subarray(0, 15)), undefined);
});

Deno.test("what is written is read again, aligned and with variants", () => {
  const message = {
    type: messageType.signal,
    serial: 7,
    path: "/a",
    interface: "b.c",
    member: "D",
    sender: ":1.5",
    signature: "ybsutv",
    body: [1, true, "text", 2 ** 31, 2n ** 40n, { type: "s", value: "held" }],
  };
  const bytes = encodeMessage(message);
  equal(messageLength(bytes), bytes.length);
  deepEqual(decodeMessage(bytes), { ...message, body: [1, true, "text", 2 ** 31, 2n ** 40n, "held"] });
});

Deno.test("a body of other types is left out and the message is read all the same", () => {
  const bytes = encodeMessage({ type: messageType.signal, serial: 1, member: "D", signature: "u", body: [4] });
  bytes[bytes.lastIndexOf(0x75)] = 0x61; // the signature says: an array
  deepEqual(decodeMessage(bytes).body, []);
});
