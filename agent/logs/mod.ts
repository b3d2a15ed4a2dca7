/**
 * Container log files: where they are (`paths.ts`), reading and following them (`read.ts`), keeping them small
 * (`rotation.ts` decides, `rotator.ts` does). The runtime writes them, in CRI's format (`line.ts`).
 */
export { fixedTime, type LogEntry, type LogStream, parseEntry } from "./line.ts";
export {
  containerLogName,
  containerLogPath,
  type LogFile,
  loggedAttempts,
  type LogPod,
  podLogDirectory,
  readPodLogDirectory,
  removeContainerLogs,
  removePodLogs,
  rotatedFiles,
} from "./paths.ts";
export { type LogSource, logStream, type ReadContext, readLog, type ReadOptions } from "./read.ts";
export { planCleanup, planRotation, type RotationPolicy, type RotationStep } from "./rotation.ts";
export { LogRotator, type LogRotatorOptions, type RotatedLog } from "./rotator.ts";
