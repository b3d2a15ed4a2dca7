/** The X.509 library, after what it needs to be there first. */
import "reflect-metadata";
import { cryptoProvider } from "@peculiar/x509";

export * from "@peculiar/x509";

cryptoProvider.set(crypto);
