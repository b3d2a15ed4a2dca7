import { deepEqual, equal } from "node:assert/strict";
import { type CollectionPolicy, type HeldImage, planCollection, pressure, type Space } from "./plan_collection.ts";

const minute = 60_000;
const now = 1000 * minute;
const policy: CollectionPolicy = { highPercent: 85, lowPercent: 80, minAgeMs: 2 * minute, maxAgeMs: 0 };
const full: Space = { capacityBytes: 1000, availableBytes: 100 };
const roomy: Space = { capacityBytes: 1000, availableBytes: 500 };

const image = (id: string, usedMinutesAgo?: number, more: Partial<HeldImage> = {}): HeldImage => ({
  id,
  names: [id],
  bytes: 10,
  seenAt: now - 100 * minute,
  ...(usedMinutesAgo === undefined ? {} : { usedAt: now - usedMinutesAgo * minute }),
  hold: undefined,
  pods: [],
  ...more,
});

const thresholds: [name: string, space: Space, policy: Partial<CollectionPolicy>, expected: unknown][] = [
  ["below the high threshold there is room", { capacityBytes: 1000, availableBytes: 160 }, {}, undefined],
  ["at the high threshold there is not, and the low one is the aim", { capacityBytes: 1000, availableBytes: 150 }, {}, {
    percent: 85,
    targetBytes: 200,
  }],
  ["use is rounded up, as kubelet does", { capacityBytes: 1000, availableBytes: 159 }, {}, {
    percent: 85,
    targetBytes: 200,
  }],
  ["more available than there is counts as all", { capacityBytes: 1000, availableBytes: 2000 }, {}, undefined],
  ["100 turns it off, on a full disk too", { capacityBytes: 1000, availableBytes: 0 }, { highPercent: 100 }, undefined],
  ["a low threshold of 0 wants all of it", { capacityBytes: 1000, availableBytes: 10 }, { lowPercent: 0 }, {
    percent: 99,
    targetBytes: 1000,
  }],
];

for (const [name, space, more, expected] of thresholds) {
  Deno.test(`pressure(): ${name}`, () => deepEqual(pressure(space, { ...policy, ...more }), expected));
}

const rounds: [
  name: string,
  images: HeldImage[],
  given: { space?: Space; policy?: Partial<CollectionPolicy>; targetBytes?: number },
  expected: { removals: string[]; targetBytes?: number; nextAt?: number },
][] = [
  ["with room enough nothing goes", [image("a", 50)], { space: roomy }, { removals: [] }],
  ["where use is not known nothing goes for want of space", [image("a", 50)], {}, { removals: [] }],
  ["the least recently used goes first", [image("b", 5), image("a", 50), image("c", 1)], { space: full }, {
    removals: ["a space", "b space", "c space"],
    targetBytes: 200,
  }],
  [
    "those never used go before, the one that came first before all",
    [
      image("used", 90),
      image("late", undefined, { seenAt: now - 10 * minute }),
      image("early", undefined, { seenAt: now - 20 * minute }),
    ],
    { space: full },
    { removals: ["early space", "late space", "used space"], targetBytes: 200 },
  ],
  [
    "what is held stays, whatever holds it",
    ([
      "in use",
      "wanted",
      "preloaded",
      "sandbox image",
      "pinned by the runtime",
      "imported by hand",
    ] as const).map((hold) => image(hold, 90, { hold })),
    { space: full, policy: { maxAgeMs: minute } },
    { removals: [], targetBytes: 200 },
  ],
  [
    "a young image stays, and is looked at again when it is old enough",
    [image("young", 1, { seenAt: now - minute }), image("younger", undefined, { seenAt: now }), image("old", 1)],
    { space: full },
    { removals: ["old space"], targetBytes: 200, nextAt: now + minute },
  ],
  [
    "an image as old as the minimum age goes",
    [image("a", undefined, { seenAt: now - 2 * minute })],
    { space: full },
    { removals: ["a space"], targetBytes: 200 },
  ],
  [
    "what was not used for the maximum age goes whatever room there is",
    [image("old", 31), image("new", 29), image("never", undefined, { seenAt: now - 40 * minute })],
    { space: roomy, policy: { maxAgeMs: 30 * minute } },
    { removals: ["never age", "old age"] },
  ],
  [
    "an image that came after its last use is as old as its coming",
    [image("again", 500, { seenAt: now - minute })],
    { space: roomy, policy: { maxAgeMs: 30 * minute } },
    { removals: [] },
  ],
  [
    "for want of space those of age go first, then the others",
    [image("new", 29), image("old", 31)],
    { space: full, policy: { maxAgeMs: 30 * minute } },
    { removals: ["old age", "new space"], targetBytes: 200 },
  ],
  ["with the threshold at 100 age alone counts", [image("a", 50)], {
    space: { capacityBytes: 1000, availableBytes: 0 },
    policy: { highPercent: 100 },
  }, { removals: [] }],
  ["whoever asks for more space than the thresholds do gets it", [image("a", 50)], {
    space: roomy,
    targetBytes: 600,
  }, { removals: ["a space"], targetBytes: 600 }],
];

for (const [name, images, given, expected] of rounds) {
  Deno.test(`planCollection(): ${name}`, () => {
    const { removals, ...rest } = planCollection(
      images,
      given.space,
      now,
      { ...policy, ...given.policy },
      ...(given.targetBytes === undefined ? [] : [given.targetBytes]),
    );
    deepEqual({ removals: removals.map(({ image, reason }) => `${image.id} ${reason}`), ...rest }, expected);
  });
}

Deno.test("planCollection() changes nothing about what it is given", () => {
  const images = [image("b", 5), image("a", 50)];
  planCollection(images, full, now, policy);
  equal(images[0].id, "b");
});
