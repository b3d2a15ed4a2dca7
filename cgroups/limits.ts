/**
 * What may be limited in a cgroup, in the units that people use; `plan.ts` turns it into file writes of v1 or v2.
 * A field that is absent is left as it is; `unlimited` takes a limit away.
 */

/** The value that removes a limit. */
export const unlimited = -1;

/** Limits of one cgroup. */
export interface CgroupLimits {
  /** CPU weight in v1's words, 2 … 262144; converted to cpu.weight on v2. */
  cpuShares?: number;
  /** CPU time per period in µs; `unlimited` for none. */
  cpuQuotaUs?: number;
  /** Length of the period in µs; 100000 when a quota is given without it. */
  cpuPeriodUs?: number;
  /** Hard memory limit in bytes; `unlimited` for none. */
  memoryBytes?: number;
  /** v2: memory that is never reclaimed. */
  memoryMinBytes?: number;
  /** v2: memory that is reclaimed only when nothing else can be. */
  memoryLowBytes?: number;
  /** v2: throttle above this; `unlimited` for none. */
  memoryHighBytes?: number;
  /** Number of tasks; `unlimited` for none. */
  pidsMax?: number;
  /** Bytes per page size as the kernel names it (`2MB`, `1GB`); `unlimited` for none. */
  hugetlb?: Record<string, number>;
  /** I/O weight in v2's words, 1 … 10000. */
  ioWeight?: number;
}
