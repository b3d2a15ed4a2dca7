import { deepEqual } from "node:assert/strict";
import { FakeNft } from "../../net/nft/fake.ts";
import type { OwnAddress } from "../../net/own_address.ts";
import { ManualClock } from "../clock.ts";
import { silentLogger } from "../telemetry/log.ts";
import { HeldAddresses } from "./held_addresses.ts";

function setUp(addresses: OwnAddress[]) {
  const told: string[] = [];
  const state = { fails: false };
  const clock = new ManualClock();
  const tell = (what: string) =>
    new Promise<void>((resolve) => {
      told.push(what);
      if (state.fails) throw new Error("no nft");
      resolve();
    });
  const held = new HeldAddresses({
    addresses,
    nft: new FakeNft(),
    clock,
    log: silentLogger,
    hold: (_nft, each) => tell(`hold ${each.map(({ address }) => address)}`),
    release: () => tell("release"),
  });
  return { held, told, state, clock };
}

const addresses = [{ address: "10.96.0.1", redirect: { port: 443, target: 6550 } }, { address: "10.96.0.10" }];

Deno.test("addresses are held at once", async () => {
  const { held, told } = setUp(addresses);
  await held.start();
  await held.held;
  deepEqual(told, ["hold 10.96.0.1,10.96.0.10"]);
});

Deno.test("holding that fails is tried again, each time later, until it is done or nobody wants it any more", async () => {
  const { held, told, state, clock } = setUp(addresses);
  state.fails = true;
  await held.start();
  await clock.advance(1000 + 2000 + 4000);
  deepEqual(told.length, 4);
  state.fails = false;
  await clock.advance(8000);
  await held.held;
  await clock.advance(60_000);
  deepEqual(told.length, 5);

  const other = setUp(addresses);
  other.state.fails = true;
  await other.held.start();
  other.held.stop();
  await other.clock.advance(60_000);
  deepEqual(other.told.length, 1);
});

Deno.test("where nothing is to be held, what was held before is let go of", async () => {
  const { held, told } = setUp([]);
  await held.start();
  await held.held;
  deepEqual(told, ["release"]);
});
