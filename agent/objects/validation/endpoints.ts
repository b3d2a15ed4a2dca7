/** Endpoints: addresses that a Service may lead to. */
import type { Endpoints } from "../endpoints.ts";
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import { validateMeta } from "./meta.ts";
import { dns1123Label, dns1123Subdomain, ipAddress, isIPv4, portNumber, qualifiedName } from "./names.ts";

/** Addresses that would lead back to whoever connects, or to nobody in particular. */
export function specialAddress(ip: string): string[] {
  const lower = ip.toLowerCase();
  const v4 = isIPv4(ip);
  const has = (...prefixes: string[]) => prefixes.some((prefix) => lower.startsWith(prefix));
  const wrong: string[] = [];
  if (v4 ? lower === "0.0.0.0" : /^[0:]+$/.test(lower)) wrong.push("may not be unspecified (0.0.0.0 or ::)");
  if (v4 ? has("127.") : /^[0:]*:0*1$/.test(lower)) {
    wrong.push("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  }
  if (v4 ? has("169.254.") : /^fe[89ab][0-9a-f]:/.test(lower)) {
    wrong.push("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  if (v4 ? has("224.0.0.") : has("ff02:")) {
    wrong.push("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
  return wrong;
}

export function validateEndpoints(object: Endpoints, errors: FieldErrors): void {
  validateMeta(object.metadata, FieldPath.of("metadata"), errors, { namespaced: true });
  for (const [index, subset] of (object.subsets ?? []).entries()) {
    const path = FieldPath.of("subsets").index(index);
    const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
    if (!addresses.length && !notReadyAddresses.length) {
      errors.required(path, "must specify `addresses` or `notReadyAddresses`");
    }
    for (const [field, list] of [["addresses", addresses], ["notReadyAddresses", notReadyAddresses]] as const) {
      for (const [at, { ip, hostname, nodeName }] of list.entries()) {
        const here = path.child(field).index(at);
        const wrong = ipAddress(ip);
        errors.invalidAll(here.child("ip"), ip, wrong.length ? wrong : specialAddress(ip));
        if (hostname) errors.invalidAll(here.child("hostname"), hostname, dns1123Label(hostname));
        if (nodeName) errors.invalidAll(here.child("nodeName"), nodeName, dns1123Subdomain(nodeName));
      }
    }
    for (const [at, { name = "", port, appProtocol }] of ports.entries()) {
      const here = path.child("ports").index(at);
      if (!name && ports.length > 1) errors.required(here.child("name"));
      else if (name) errors.invalidAll(here.child("name"), name, dns1123Label(name));
      errors.invalidAll(here.child("port"), port, portNumber(port));
      if (appProtocol) errors.invalidAll(here.child("appProtocol"), appProtocol, qualifiedName(appProtocol));
    }
  }
}
