/**
 * The program in every pod sandbox, assembled here byte by byte: a static ELF of a few hundred bytes that does nothing.
 *
 * It ignores SIGCHLD, so that the kernel reaps orphans itself when the pod shares one PID namespace and this is process
 * 1 of it, and it ends with status 0 on SIGTERM and SIGINT. Process 1 of a namespace receives only signals that it has
 * a handler for, hence the handlers instead of the default action.
 *
 *     rt_sigaction(SIGCHLD, {SIG_IGN}); rt_sigaction(SIGTERM, {exit}); rt_sigaction(SIGINT, {exit}); for (;;) pause();
 *
 * Way in: {@linkcode pauseElf}.
 */

/** Architectures as OCI images name them. */
export type Architecture = "amd64" | "arm64";

const SIGINT = 2, SIGTERM = 15, SIGCHLD = 17;
const SIG_IGN = 1n;
/** x86-64 refuses to deliver a signal to a handler that has no restorer; ours never returns, so any address will do. */
const SA_RESTORER = 0x0400_0000n;

/** Where the file is mapped: the traditional base of a static executable. */
const base = 0x40_0000;
/** ELF header and one program header; the code follows. */
const headerSize = 64 + 56;

/** The ELF file for one architecture. */
export function pauseElf(architecture: Architecture): Uint8Array<ArrayBuffer> {
  const machine = architecture === "amd64" ? 62 : 183; // EM_X86_64, EM_AARCH64
  return elf(machine, architecture === "amd64" ? x86() : arm());
}

/** Bytes with labels: references are patched once every label has its place. */
class Assembler {
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #patches: (() => void)[] = [];

  /** Marks this place. */
  label(name: string): void {
    this.#labels.set(name, this.#bytes.length);
  }

  /** Instruction or data bytes as they are. */
  raw(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }

  /** A little-endian number of 4 or 8 bytes, known now. */
  number(value: bigint | number, size: 4 | 8): void {
    for (let i = 0; i < size; i++) this.#bytes.push(Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
  }

  /** A little-endian number computed from a label's place and this one's, both in bytes from the code's start. */
  later(name: string, size: 4 | 8, value: (label: number, here: number) => bigint | number): void {
    const here = this.#bytes.length;
    this.number(0, size);
    this.#patches.push(() => {
      const label = this.#labels.get(name);
      if (label === undefined) throw new Error(`Cannot assemble: no label ${name}`);
      const bytes = BigInt(value(label, here));
      for (let i = 0; i < size; i++) this.#bytes[here + i] = Number((bytes >> BigInt(8 * i)) & 0xffn);
    });
  }

  align(to: number): void {
    while ((headerSize + this.#bytes.length) % to !== 0) this.#bytes.push(0);
  }

  finish(): number[] {
    for (const patch of this.#patches) patch();
    return this.#bytes;
  }
}

/** An absolute address in the mapped file. */
const address = (label: number): number => base + headerSize + label;

function x86(): number[] {
  const a = new Assembler();
  const syscall = () => a.raw(0x0f, 0x05);
  const sigaction = (signal: number, action: string) => {
    a.raw(0xb8), a.number(13, 4); //                       mov eax, 13 (rt_sigaction)
    a.raw(0xbf), a.number(signal, 4); //                   mov edi, signal
    a.raw(0xbe), a.later(action, 4, address); //           mov esi, action
    a.raw(0x31, 0xd2); //                                  xor edx, edx (the old action is not wanted)
    a.raw(0x41, 0xba), a.number(8, 4); //                  mov r10d, 8 (bytes in the signal mask)
    syscall();
  };
  sigaction(SIGCHLD, "ignore");
  sigaction(SIGTERM, "handle");
  sigaction(SIGINT, "handle");
  a.label("loop");
  a.raw(0xb8), a.number(34, 4); //                         mov eax, 34 (pause)
  syscall();
  a.raw(0xe9), a.later("loop", 4, (label, here) => label - (here + 4)); // jmp loop
  a.label("exit");
  a.raw(0xb8), a.number(231, 4); //                        mov eax, 231 (exit_group)
  a.raw(0x31, 0xff); //                                    xor edi, edi
  syscall();
  actions(a);
  return a.finish();
}

function arm(): number[] {
  const a = new Assembler();
  const mov = (register: number, value: number) => a.number(0xd280_0000 + value * 32 + register, 4); // movz x<r>, #v
  const syscall = (number: number) => {
    mov(8, number);
    a.number(0xd400_0001, 4); //                           svc #0
  };
  const adr = (register: number, name: string) =>
    a.later(name, 4, (label, here) => {
      const offset = label - here;
      return 0x1000_0000 + (offset & 3) * 2 ** 29 + (offset >> 2) * 32 + register; // forward references only
    });
  const sigaction = (signal: number, action: string) => {
    mov(0, signal);
    adr(1, action);
    mov(2, 0); //                                          the old action is not wanted
    mov(3, 8); //                                          bytes in the signal mask
    syscall(134); //                                       rt_sigaction
  };
  sigaction(SIGCHLD, "ignore");
  sigaction(SIGTERM, "handle");
  sigaction(SIGINT, "handle");
  a.label("loop");
  for (const register of [0, 1, 2, 3, 4]) mov(register, 0);
  syscall(73); //                                          ppoll(NULL, 0, NULL, NULL, 0): arm64 has no pause
  a.later("loop", 4, (label, here) => 0x1400_0000 + (((label - here) >> 2) & 0x3ff_ffff)); // b loop
  a.label("exit");
  mov(0, 0);
  syscall(94); //                                          exit_group
  actions(a);
  return a.finish();
}

/** The two `struct sigaction` of the kernel (the same on both machines): handler, flags, restorer, mask. */
function actions(a: Assembler): void {
  a.align(8);
  a.label("ignore");
  for (const field of [SIG_IGN, 0n, 0n, 0n]) a.number(field, 8);
  a.label("handle");
  a.later("exit", 8, address);
  a.number(SA_RESTORER, 8);
  a.later("exit", 8, address);
  a.number(0, 8);
}

/** One segment, readable and executable, that holds the whole file. */
function elf(machine: number, code: number[]): Uint8Array<ArrayBuffer> {
  const size = headerSize + code.length;
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); //          64 bits, little-endian, version 1
  view.setUint16(16, 2, true); //                          ET_EXEC
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(base + headerSize), true); // entry
  view.setBigUint64(32, 64n, true); //                     program headers start here
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint16(58, 64, true); //                         size of a section header, of which there are none
  view.setUint32(64, 1, true); //                          PT_LOAD
  view.setUint32(68, 5, true); //                          readable, executable
  view.setBigUint64(80, BigInt(base), true); //            virtual address
  view.setBigUint64(88, BigInt(base), true); //            physical address
  view.setBigUint64(96, BigInt(size), true); //            bytes in the file
  view.setBigUint64(104, BigInt(size), true); //           bytes in memory
  view.setBigUint64(112, 0x1_0000n, true); //              alignment: 64 KiB suits every page size of arm64
  file.set(code, headerSize);
  return file;
}
