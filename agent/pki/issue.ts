/**
 * Making certificates. The X.509 library (x509.ts) is loaded here and nowhere else, when there is something to make: at the
 * first start, when a certificate nears its end, when the node's addresses change.
 */
import { publicDer } from "./keys.ts";

/** Before this no certificate of ours begins: a device without a clock of its own boots there. */
const epoch = new Date(0);
/** RFC 5280's word for "no end". */
const never = new Date("9999-12-31T23:59:59Z");

const serverAuth = "1.3.6.1.5.5.7.3.1";
const clientAuth = "1.3.6.1.5.5.7.3.2";

const signing = { name: "ECDSA", hash: "SHA-256" } as const;

const library = () => import("./x509.ts");

/** 128 random bits, positive and never zero. */
function serial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = bytes[0] & 0x7f | 0x40;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A CA's own certificate. It does not end: its key is the identity of an installation. */
export async function issueAuthority(name: string, key: CryptoKeyPair): Promise<string> {
  const x509 = await library();
  const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;
  const subject = [{ CN: [name] }];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject,
    issuer: subject,
    notBefore: epoch,
    notAfter: never,
    signingAlgorithm: signing,
    publicKey: key.publicKey,
    signingKey: key.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(keyCertSign | cRLSign | digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(key.publicKey),
    ],
  });
  return certificate.toString("pem") + "\n";
}

export interface Authority {
  certificate: string;
  key: CryptoKeyPair;
}

/** What a leaf certificate says. */
export interface Leaf {
  commonName: string;
  organizations?: readonly string[];
  usage: "server" | "client";
  dnsNames?: readonly string[];
  addresses?: readonly string[];
  notAfter: Date;
}

/** A certificate for `publicKey`, signed by the CA. */
export async function issueLeaf(authority: Authority, publicKey: CryptoKey, leaf: Leaf): Promise<string> {
  const x509 = await library();
  const ca = new x509.X509Certificate(authority.certificate);
  const names = [
    ...(leaf.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(leaf.addresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [...(leaf.organizations ?? []).map((O) => ({ O: [O] })), { CN: [leaf.commonName] }],
    issuer: ca.subjectName,
    notBefore: epoch,
    notAfter: leaf.notAfter,
    signingAlgorithm: signing,
    publicKey,
    signingKey: authority.key.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([leaf.usage === "server" ? serverAuth : clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.key.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return certificate.toString("pem") + "\n";
}

/** Whether a certificate is of this key. */
export async function sameKey(spki: Uint8Array, key: CryptoKey): Promise<boolean> {
  const own = await publicDer(key);
  return own.length === spki.length && own.every((byte, at) => byte === spki[at]);
}
