/** All keys and certificates of a node, as the files under `<rootDir>/pki` and the kubeconfigs beside it. */
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { Logger } from "../telemetry/log.ts";
import { type OpenAuthority, openAuthority } from "./authority.ts";
import { readSecret, secretDirectory, writeSecret } from "./files.ts";
import { keepCertificate, type KeptCertificate, needsRenewal } from "./kept_certificate.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { sameNames, type ServingNames } from "./names.ts";
import { TokenSigner } from "./service_account.ts";
import { administrator, StaticTokens } from "./static_tokens.ts";

export interface PkiOptions {
  rootDir: string;
  clusterDomain: string;
  /** What the serving certificate is for, at present. */
  names: () => ServingNames;
  /** URL of the API for kubeconfigs on this machine. */
  server: string;
  /** The latest wall-clock time that an earlier life knew, ms. */
  lastKnownTime: number;
  clock: Pick<Clock, "now">;
  log: Logger;
}

/** No clock that is right is before this: the year of the first release. */
const released = Date.UTC(2026, 0, 1);

export class Pki {
  readonly #options: PkiOptions;
  readonly #authority: OpenAuthority;
  #serving!: KeptCertificate;
  #servingNames!: ServingNames;
  #admin!: KeptCertificate;

  private constructor(
    options: PkiOptions,
    authority: OpenAuthority,
    readonly signer: TokenSigner,
    readonly tokens: StaticTokens,
  ) {
    this.#options = options;
    this.#authority = authority;
  }

  /** Reads what is there, makes what is missing, mends what is damaged. */
  static async open(options: PkiOptions): Promise<Pki> {
    const { rootDir, clusterDomain, log } = options;
    const dir = join(rootDir, "pki");
    secretDirectory(dir);
    const authority = await openAuthority(dir, log);
    const issuer = `https://kubernetes.default.svc.${clusterDomain}`;
    const pki = new Pki(
      options,
      authority,
      await TokenSigner.open(dir, issuer, log),
      await StaticTokens.open(dir, log),
    );
    await pki.renew();
    return pki;
  }

  get caCertificate(): string {
    return this.#authority.certificate;
  }

  /** URL of the API on this machine. */
  get server(): string {
    return this.#options.server;
  }

  /** What TLS servers of this node show. */
  get serving(): KeptCertificate {
    return this.#serving;
  }

  /** Whether `renew` has something to do. Cheap. */
  get isDue(): boolean {
    const now = this.#options.clock.now();
    const names = this.#options.names();
    return needsRenewal(this.#serving.notAfter, now) || needsRenewal(this.#admin.notAfter, now) ||
      !sameNames(names.dnsNames, this.#servingNames.dnsNames) ||
      !sameNames(names.addresses, this.#servingNames.addresses);
  }

  /** Replaces certificates that end soon or name what the node is no more. True if `serving` is another now. */
  async renew(): Promise<boolean> {
    const { rootDir, names, server, lastKnownTime, clock, log } = this.#options;
    const dir = join(rootDir, "pki");
    const now = clock.now();
    const common = { authority: this.#authority, now, newest: Math.max(lastKnownTime, released), log };
    const wanted = names();
    const serving = await keepCertificate({
      ...common,
      path: join(dir, "serving.pem"),
      what: "The serving certificate",
      wanted: { commonName: "islet", usage: "server", ...wanted },
    });
    const changed = serving.certificate !== this.#serving?.certificate;
    this.#serving = serving;
    this.#servingNames = wanted;
    this.#admin = await keepCertificate({
      ...common,
      path: join(dir, "admin.pem"),
      what: "The administrator's certificate",
      wanted: { commonName: administrator.name, organizations: administrator.groups, usage: "client" },
    });
    const base = { server, caCertificate: this.caCertificate, user: "admin" };
    this.#keepFile("admin.kubeconfig", kubeconfig({ ...base, credential: { token: this.tokens.admin } }));
    this.#keepFile("admin-cert.kubeconfig", kubeconfig({ ...base, credential: this.#admin }));
    return changed;
  }

  #keepFile(name: string, text: string): void {
    const path = join(this.#options.rootDir, name);
    const found = readSecret(path);
    if (found === text) return;
    if (found !== undefined) this.#options.log.info("A kubeconfig is written anew", { file: path });
    writeSecret(path, text);
  }
}
