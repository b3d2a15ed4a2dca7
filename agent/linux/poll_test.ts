import { deepEqual, equal } from "node:assert/strict";
import { EventFd, loadLibc, loadPoll, POLL, poll } from "./mod.ts";

loadLibc();
loadPoll();

Deno.test("poll() wakes when an eventfd is signalled, and not before it is signalled again", async () => {
  using first = new EventFd();
  using second = new EventFd();
  const targets = [{ fd: first, events: POLL.IN }, { fd: second, events: POLL.IN }];
  const woken = poll(targets);
  second.signal();
  deepEqual(await woken, [0, POLL.IN]);
  second.drain();
  deepEqual(await poll(targets, 1), [0, 0]);
  first.signal();
  deepEqual(await poll(targets), [POLL.IN, 0]);
});

Deno.test("drain() of an eventfd that nobody signalled does nothing", async () => {
  using fd = new EventFd();
  fd.drain();
  equal((await poll([{ fd, events: POLL.IN }], 1))[0], 0);
});
