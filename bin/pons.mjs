#!/usr/bin/env node
// @ts-check
/**
 * Starts Pons from Node 20 or newer, or from Bun: installs what is missing, finds the pinned Bun and hands over to it.
 *
 *   node bin/pons.mjs <args>              the command line of Pons, src/cli/main.ts
 *   node bin/pons.mjs --run <file> [args] another script of this repository (tests, benchmarks)
 *   node bin/pons.mjs --bun <args>        Bun itself: check, fmt, test ...
 *
 * Signals reach the child, its exit code becomes ours (128 + signal where a signal ended it). Environment: PONS_BUN, another Bun binary.
 * Exit 69 (EX_UNAVAILABLE of sysexits.h) where something is missing and cannot be installed.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { ensureInstalled, findBun, InstallError, root } from "./install.mjs";

const unavailable = 69;
const [first, ...rest] = process.argv.slice(2);

/** @returns {string[]} the arguments for Bun */
function bunArguments() {
  if (first === "--bun") return rest;
  if (first !== "--run") return [join(root, "src", "cli", "main.ts"), ...process.argv.slice(2)];
  if (rest[0] === undefined) throw new InstallError("--run expects the file to run");
  return rest;
}

/** @returns {string} */
function readyBun() {
  const dev = first === "--run" || first === "--bun";
  ensureInstalled({ dev });
  const found = findBun();
  if (found) return found;
  ensureInstalled({ dev, force: true });
  const installed = findBun();
  if (installed) return installed;
  throw new InstallError(`there is no Bun for ${process.platform} ${process.arch} among the dependencies; name one in PONS_BUN`);
}

/**
 * npm runs a script by a shell that dies of a signal without handing it on: the script would live on, unseen. Only under npm, since a
 * server that someone started in the background must outlive that shell.
 *
 * @param {import("node:child_process").ChildProcess} child
 */
function endWithParent(child) {
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill("SIGTERM");
  }, 500);
  watch.unref();
}

/** @param {string} bun @param {string[]} args */
function handOver(bun, args) {
  const child = spawn(bun, args, { stdio: "inherit" });
  for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT", "SIGHUP"])) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group: the child has it already, and a second one would mean "at once".
      if (signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  endWithParent(child);
  child.on("error", (error) => fail(new InstallError(`${bun} does not start: ${error.message}`)));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
}

/** @param {unknown} error */
function fail(error) {
  if (!(error instanceof InstallError)) throw error;
  process.stderr.write(`pons: ${error.message}\n`);
  process.exit(unavailable);
}

try {
  const args = bunArguments();
  handOver(readyBun(), args);
} catch (error) {
  fail(error);
}
