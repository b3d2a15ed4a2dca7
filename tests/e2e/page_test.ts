/** The page for people, in a real browser. ISLET_SCREENSHOT names a file to keep a picture in. */
import { deepEqual, match } from "node:assert/strict";
import { Chromium } from "../support/chromium.ts";
import { nodeFile } from "../support/node_file.ts";
import { container, idle, pod } from "../support/pods.ts";
import { relay } from "../support/relay.ts";

const { nodeTest } = nodeFile();

nodeTest(
  "the page shows the node, its pods with state and reason, figures, logs and events; runs a pod and a shell in it",
  [
    pod("web", [container("main", `i=0; while true; do echo "line $((i=i+1))"; sleep 0.2; done`)]),
    pod("broken", "exit 7"),
    pod("helper", [container("a", idle), container("b", idle)]),
  ],
  async (node) => {
    await node.ready("web");
    using way = relay({ hostname: "127.0.0.1", port: 0 }, { transport: "unix", path: node.socket });
    await using browser = await Chromium.start();
    await browser.open(`http://127.0.0.1:${way.port}/`);
    await browser.until(
      "the node is named",
      `document.querySelector("#node").textContent === ${JSON.stringify(node.name)}`,
    );
    await browser.until("the node is healthy", `document.querySelector("#health").textContent === "healthy"`);
    const row = (name: string) =>
      `[...document.querySelectorAll("#pods tr")].find((row) => row.cells[1]?.textContent === ${JSON.stringify(name)})`;
    await browser.until("the web pod runs", `${row("web")}?.cells[3].textContent === "Running"`);
    await browser.until(
      "the broken pod is told of",
      `/CrashLoopBackOff|Error/.test(${row("broken")}?.cells[3].textContent)`,
    );
    await browser.until("both containers of helper are ready", `${row("helper")}?.cells[2].textContent === "2/2"`);
    await browser.until("there are figures", `/\\d/.test(${row("web")}.cells[7].textContent)`);
    await browser.until("the last hour is drawn", `document.querySelector("#memory path.line") !== null`, 60_000);
    await browser.until("events are shown", `document.querySelector("#events").textContent.includes("pod/broken")`);

    const output = `document.querySelector("#output").textContent`;
    await browser.evaluate(`${row("broken")}.click()`);
    match(
      await browser.until("it says why", `${output}.includes("exit code 7") && ${output}`),
      /container main ended with exit code 7/,
    );
    await browser.evaluate(`${row("web")}.click()`);
    await browser.evaluate(`document.querySelector("[data-tab=log]").click()`);
    const first = await browser.until<string>("the log is shown", `${output}.match(/line \\d+/)?.[0]`);
    await browser.until("the log goes on", `[...${output}.matchAll(/line \\d+/g)].length > 5`);
    match(first, /line \d+/);
    const picture = Deno.env.get("ISLET_SCREENSHOT");
    if (picture) {
      const points = `document.querySelector("#cpu path.line")?.getAttribute("d").split("L").length`;
      await browser.until("charts have grown", `${points} > 5`, 240_000);
      await Deno.writeFile(picture, await browser.screenshot());
    }

    await browser.resize(1300, 800);
    const sideways = `[...document.querySelectorAll(".scroll")].map((each) => each.scrollWidth - each.clientWidth)`;
    deepEqual(await browser.evaluate(sideways), [0, 0], "the tables fit beside the panel");

    await browser.evaluate(`document.querySelector("[data-tab=exec]").click()`);
    await browser.evaluate(`(async () => {
      while (!${output}.includes("from within")) {
        document.querySelector("#line").value = "echo from $((6 * 7)) within";
        document.querySelector("#typed").requestSubmit();
        await new Promise((done) => setTimeout(done, 300));
        if (${output}.includes("from 42 within")) return;
      }
    })()`);

    await browser.evaluate(`document.querySelector("#run").click()`);
    await browser.evaluate(`(() => {
      const manifest = document.querySelector("#manifest");
      manifest.value = ${JSON.stringify(JSON.stringify(pod("paged", idle)))};
      document.querySelector("#apply").click();
    })()`);
    await browser.until("it is made", `document.querySelector("#run-result").textContent === "pods/paged created"`);
    await browser.until("it runs", `${row("paged")}?.cells[3].textContent === "Running"`);
    deepEqual(browser.problems, []);
  },
);
