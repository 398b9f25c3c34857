/** Where the figures come from: the machine and the versions, as lines for the report. */
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

/** The first line a command prints, or undefined where it is missing. */
export function versionOf(command: readonly string[]): string | undefined {
  if (command[0] === undefined || (!command[0].includes("/") && Bun.which(command[0]) === null)) return undefined;
  const { exitCode, stdout } = Bun.spawnSync([...command], { stderr: "ignore" });
  return exitCode === 0 ? stdout.toString().trim().split("\n")[0] : undefined;
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}

export function describeMachine(): string[] {
  const cores = cpus();
  return [
    `CPU: ${cores[0]?.model.trim() ?? "unknown"}, ${cores.length} cores (${process.arch})`,
    `Memory: ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `System: ${systemName()}, kernel ${release()}`,
    `Bun ${Bun.version}, Node ${versionOf(["node", "--version"]) ?? "absent"}, Python ${versionOf(["python3", "--version"])?.split(" ")[1] ?? "absent"}`,
  ];
}

/** Lets this process and those it starts have so many files open, where they may have fewer. Throws where that is not allowed. */
export function raiseOpenFiles(count: number): void {
  const softLimit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  if (softLimit === undefined || softLimit === "unlimited" || Number(softLimit) >= count) return;
  const { exitCode, stderr } = Bun.spawnSync(["prlimit", `--pid=${process.pid}`, `--nofile=${count}:`]);
  if (exitCode !== 0) throw new Error(`${count} open files are needed, ${softLimit} allowed: ${stderr.toString().trim()}`);
}
