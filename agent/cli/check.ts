export async function check(_: string[]): Promise<number> {
  return 0;
}
