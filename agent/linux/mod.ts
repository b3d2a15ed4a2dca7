/**
 * The few system calls that Deno does not have, by FFI to the C library: mounts, openat2, files by descriptor, sockets, signals,
 * waiting for events, memory. Nothing else in the program calls them. Failures are LinuxErrors that carry errno's name.
 */
export { type ChildAnswer, runBounded, unlessMissing } from "./child.ts";
export { errnoName, isErrno, LinuxError } from "./errno.ts";
export * from "./fd.ts";
export { KeptFiles, type KeptFilesOptions } from "./kept_files.ts";
export { KernelLog, type KernelMessage, kernelMessages } from "./kernel_log.ts";
export { loadLibc } from "./libc.ts";
export { releaseMemory } from "./memory.ts";
export { bindMount, isMounted, isMountPoint, mount, mountTmpfs, MS, remountBind, unmount } from "./mount.ts";
export { type Mount, mountOf, mountsBelow, mountsThatMayHang, parseMounts, readMounts } from "./mountinfo.ts";
export { EventFd, KernelWatch, loadPoll, POLL, poll, type PollTarget, writeFd, writeFdAside } from "./poll.ts";
export { openBeneath, openBeneathOrMake } from "./beneath.ts";
export { DatagramSocket } from "./datagram.ts";
export { sendAtOnce } from "./sockets.ts";
export { readSmallFile } from "./small_files.ts";
export { sendSignal, signalNumber } from "./signals.ts";
export { removeTree, walkTree } from "./tree.ts";
