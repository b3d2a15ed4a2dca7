/**
 * Texts for types and fields, as `kubectl explain` prints them. A file a kind; each is a text of this form:
 *
 *     core.v1.Probe
 *       What is asked of a container to learn how it is.
 *       periodSeconds: Seconds between two probes.
 *         Default 10.
 *
 * A line that begins deeper than a field goes on with it.
 */

/** Types whose fields mean what those of another one mean. */
const sameAs: Readonly<Record<string, string>> = { "core.v1.EphemeralContainer": "core.v1.Container" };

export class Descriptions {
  #types = new Map<string, Map<string, string>>();

  constructor(texts: readonly string[]) {
    for (const text of texts) this.#read(text);
  }

  /** The text of a field; of the type itself for "". Empty when there is none. */
  of(type: string, field: string): string {
    const text = this.#types.get(type)?.get(field);
    return text ?? (sameAs[type] && field ? this.of(sameAs[type], field) : "");
  }

  /** Everything that is described, for the test that looks for what is missing and what no longer exists. */
  *all(): Generator<[type: string, field: string]> {
    for (const [type, fields] of this.#types) for (const field of fields.keys()) yield [type, field];
  }

  #read(text: string): void {
    let fields = new Map<string, string>();
    let field = "";
    for (const line of text.split("\n")) {
      if (line.trim() === "") continue;
      if (!line.startsWith(" ")) {
        this.#types.set(line.trim(), fields = new Map());
        field = "";
        continue;
      }
      const named = /^ {2}([A-Za-z][A-Za-z0-9]*): (.*)$/.exec(line);
      if (named) fields.set(field = named[1], named[2]);
      else fields.set(field, [fields.get(field), line.trim()].filter(Boolean).join(" "));
    }
  }
}

/** All texts, read when they are first needed. */
export async function loadDescriptions(): Promise<Descriptions> {
  const files = await Promise.all([
    import("./meta.ts"),
    import("./pod.ts"),
    import("./container.ts"),
    import("./volume.ts"),
    import("./scheduling.ts"),
    import("./pod_status.ts"),
    import("./service.ts"),
    import("./config.ts"),
    import("./storage.ts"),
    import("./node.ts"),
    import("./rbac.ts"),
    import("./reviews.ts"),
    import("./cluster.ts"),
  ]);
  return new Descriptions(files.map(({ default: text }) => text));
}
