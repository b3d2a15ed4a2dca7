/** Whether another listener has the address and port. */
export function isInUse(err: unknown): boolean {
  return err instanceof Deno.errors.AddrInUse || (err as { code?: string } | undefined)?.code === "EADDRINUSE";
}
