/** CPUs handed out one by one (`cpuManagerPolicy: static`): what there is, who gets which, who has which. Pure. */
export { CpuLedger, type CpuPolicy, type CpuRefusal, ownCpuCount, reservedCpus } from "./ledger.ts";
export { pickCpus } from "./pick.ts";
export { type CpuTopology, readTopology, threadsPerCore } from "./topology.ts";
