/**
 * What a process and all its descendants have used, from Linux's /proc: CPU time and memory.
 *
 * CPU is counted in ticks of 10 ms (USER_HZ = 100, fixed by the kernel's ABI), so a measurement of a second is good to 1 %. A child that
 * has ended is in the `cutime` of whoever waited for it, so that a Postgres backend that comes and goes is still counted once.
 */
import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = 100;

interface Stat {
  readonly parent: number;
  /** User and system time of the process and of its ended, waited-for children. */
  readonly ticks: number;
}

/** Undefined when the process has ended. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the name in parentheses and may hold spaces: what follows it starts with the third field, the state.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    return undefined;
  }
}

function tree(roots: readonly number[]): Map<number, Stat> {
  const all = new Map<number, Stat>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined;
    if (stat !== undefined) all.set(pid, stat);
  }
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of all) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const found = new Map<number, Stat>();
  const open = [...new Set(roots)];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    const stat = all.get(pid);
    if (stat === undefined || found.has(pid)) continue;
    found.set(pid, stat);
    open.push(...(children.get(pid) ?? []));
  }
  return found;
}

/** CPU seconds used so far by the processes and their descendants. */
export function cpuSeconds(roots: readonly number[]): number {
  return [...tree(roots).values()].reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond;
}

const memoryMiB = (roots: readonly number[], field: "VmRSS" | "RssAnon"): number => {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m");
  const kibibytes = [...tree(roots).keys()].map((pid) => {
    try {
      return Number(line.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return kibibytes.reduce((sum, each) => sum + each, 0) / 1024;
};

/** Resident memory in MiB of the processes and their descendants; pages that several share count once for each. */
export function residentMiB(roots: readonly number[]): number {
  return memoryMiB(roots, "VmRSS");
}

/** The part of it that is of no file: what a process has allocated. Pages of a mapped database come and go as the kernel has room. */
export function allocatedMiB(roots: readonly number[]): number {
  return memoryMiB(roots, "RssAnon");
}
