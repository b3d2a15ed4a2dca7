import assert from "node:assert/strict";
import { join } from "node:path";
import { loadLibc } from "../linux/mod.ts";
import {
  containerLogPath,
  loggedAttempts,
  podLogDirectory,
  readableFiles,
  readPodLogDirectory,
  removeContainerLogs,
  removePodLogs,
  rotatedFiles,
} from "./paths.ts";

// once, before tests are watched for what they leave open
loadLibc();

const pod = { namespace: "default", name: "web", uid: "u-1" };

async function withDirectory(test: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync();
  try {
    await test(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function write(directory: string, container: string, ...names: string[]): void {
  const at = join(podLogDirectory(directory, pod), container);
  Deno.mkdirSync(at, { recursive: true });
  for (const name of names) Deno.writeTextFileSync(join(at, name), name);
}

Deno.test("containerLogPath() is kubelet's", () => {
  assert.equal(containerLogPath("/var/log/pods", pod, "app", 3), "/var/log/pods/default_web_u-1/app/3.log");
});

Deno.test("readPodLogDirectory() reads back what podLogDirectory() names, and nothing else", () => {
  assert.deepEqual(readPodLogDirectory(podLogDirectory("/var/log/pods", pod).split("/").pop()!), pod);
  for (const other of ["shop_web", "lost+found", "a_b_c_d", ""]) assert.equal(readPodLogDirectory(other), undefined);
});

Deno.test("loggedAttempts() lists attempts once each, in order, also those of which only rotated files are left", () =>
  withDirectory((directory) => {
    assert.deepEqual(loggedAttempts(directory, pod, "app"), []);
    write(directory, "app", "10.log", "2.log", "2.log.20260101-000000.gz", "1.log.20260101-000000", "notes.txt");
    assert.deepEqual(loggedAttempts(directory, pod, "app"), [1, 2, 10]);
  }));

Deno.test("rotatedFiles() and readableFiles() tell a log's family from its neighbours", () =>
  withDirectory((directory) => {
    write(directory, "app", "1.log", "11.log", "11.log.20260101-000000", "1.log.20260102-000000");
    write(directory, "app", "1.log.20260101-000000", "1.log.20260101-000000.gz", "1.log.20260102-000000.tmp");
    const path = containerLogPath(directory, pod, "app", 1);
    const names = (files: { path: string }[]) => files.map((file) => file.path.slice(path.length + 1));
    const files = rotatedFiles(path);
    assert.deepEqual(names(files), [
      "20260101-000000",
      "20260101-000000.gz",
      "20260102-000000",
      "20260102-000000.tmp",
    ]);
    assert.deepEqual(names(readableFiles(files)), ["20260101-000000.gz", "20260102-000000"]);
  }));

Deno.test("removeContainerLogs() takes one attempt with all its files and no other", () =>
  withDirectory((directory) => {
    write(directory, "app", "1.log", "1.log.20260101-000000.gz", "1.log.x.tmp", "2.log", "11.log");
    removeContainerLogs(containerLogPath(directory, pod, "app", 1));
    assert.deepEqual(loggedAttempts(directory, pod, "app"), [2, 11]);
    removeContainerLogs(containerLogPath(directory, pod, "app", 1));
  }));

Deno.test("removePodLogs() follows no symbolic link out of the directory", () =>
  withDirectory(async (directory) => {
    write(directory, "app", "0.log");
    Deno.mkdirSync(join(directory, "precious"));
    Deno.writeTextFileSync(join(directory, "precious", "file"), "kept");
    Deno.symlinkSync(join(directory, "precious"), join(podLogDirectory(directory, pod), "link"));
    await removePodLogs(directory, pod);
    assert.throws(() => Deno.lstatSync(podLogDirectory(directory, pod)), Deno.errors.NotFound);
    assert.equal(Deno.readTextFileSync(join(directory, "precious", "file")), "kept");
    await removePodLogs(directory, pod);
  }));
