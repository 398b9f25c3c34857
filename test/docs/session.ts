/**
 * What a reader of a page does: the page's services are written to files, servers are started, and the commands of its `sh` blocks are typed into
 * one shell, in order. Which blocks: those that are followed by a block with their output, and those that set variables.
 */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Block, blocksOf } from "./markdown.ts";

const root = join(import.meta.dir, "..", "..");
/** The command line: src/cli/main.ts, or a bundle of it that a test run has made. */
const main = process.env["PONS_TEST_MAIN"] ?? join(root, "src", "cli", "main.ts");
const startMsMax = 60_000;
const outputs: ReadonlySet<string> = new Set(["http", "json", "text", "csv", "xml", "yaml"]);

export interface Server {
  /** Where the page says it is. */
  readonly url: string;
  /** Its data folder, from the reader's. */
  readonly data: string;
  /** Where the page says that the line protocol is. */
  readonly line?: string;
  /** File name of the service it serves, made of the page's `ts` blocks; absent: the shipped ones. */
  readonly service?: string;
}

export interface Page {
  /** From the repository's root. */
  readonly path: string;
  readonly servers: readonly Server[];
}

/** A command with its output as shown and as it was. */
export interface Exchange {
  readonly command: Block;
  readonly shown: Block;
  readonly actual: string;
}

/** When `curl` and `node` are stood in for. */
export type StandIns = "whereMissing" | "always";

interface Typed {
  readonly command: Block;
  readonly shown: Block | undefined;
}

/** The blocks that are typed, each with the block of its output. */
export const typedBlocks = (markdown: string): readonly Typed[] => {
  const blocks = blocksOf(markdown);
  return blocks.flatMap((command, index): Typed[] => {
    if (command.language !== "sh") return [];
    const next = blocks[index + 1];
    if (next !== undefined && outputs.has(next.language)) return [{ command, shown: next }];
    return /^[A-Z]+=\S*$|^[A-Z]+="/m.test(command.text.split("\n")[0] ?? "") ? [{ command, shown: undefined }] : [];
  });
};

const environment = (): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PONS_|npm_)/.test(name))),
  NO_COLOR: "1",
});

const executable = (path: string, text: string): void => {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
};

/** `pons` as a command, and stand-ins for what a machine may lack: `always` takes them also where it does not. */
const makeCommands = (folder: string, standIns: StandIns): string => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const bun = JSON.stringify(process.execPath);
  executable(join(bin, "pons"), `#!/bin/sh\nexec ${bun} ${JSON.stringify(main)} "$@"\n`);
  const isNeeded = (name: string): boolean => standIns === "always" || Bun.which(name) === null;
  if (isNeeded("node")) executable(join(bin, "node"), `#!/bin/sh\nexec ${bun} "$@"\n`);
  if (isNeeded("curl"))
    executable(join(bin, "curl"), `#!/bin/sh\nexec ${bun} ${JSON.stringify(join(import.meta.dir, "curl.ts"))} "$@"\n`);
  return bin;
};

interface Started {
  readonly url: string;
  readonly linePort: string | undefined;
  stop(): Promise<number>;
}

/** Starts `pons start` on a free port and waits until it says where it listens. */
export const startServer = async (folder: string, { data, service }: Pick<Server, "data" | "service">): Promise<Started> => {
  const services = service === undefined ? [] : ["--services", join(folder, service)];
  const child = Bun.spawn([process.execPath, main, "start", "--json", ...services], {
    cwd: folder,
    env: { ...environment(), PONS_PORT: "0", PONS_DATA: join(folder, data), PONS_LOG: "warn" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), startMsMax);
  let said = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    said += decoder.decode(chunk, { stream: true });
    const url = /"baseUrl"\s*:\s*"([^"]+)"/.exec(said)?.[1];
    if (url === undefined || !said.trimEnd().endsWith("}")) continue;
    const linePort = /"linePort"\s*:\s*(\d+)/.exec(said)?.[1];
    clearTimeout(timer);
    const stop = async (): Promise<number> => {
      child.kill("SIGTERM");
      return child.exited;
    };
    return { url, linePort, stop };
  }
  clearTimeout(timer);
  throw new Error(`pons start ended without an address: ${said}${await child.stderr.text()}`);
};

let filled: Promise<string> | undefined;

/** A data folder with the demo's rows and keys, as the first start of the shipped services leaves it: filled once, and copied for each page. */
const filledFolder = (): Promise<string> =>
  (filled ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), "pons-docs-filled-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    const first = await startServer(folder, { data: "data" });
    const code = await first.stop();
    if (code !== 0) throw new Error(`the server that fills the data folder ended with ${code}`);
    return join(folder, "data");
  })());

/** The page's service: its `ts` blocks, one after the other. */
export const serviceOf = (markdown: string): string =>
  `${blocksOf(markdown)
    .filter(({ language }) => language === "ts")
    .map(({ text }) => text)
    .join("\n\n")}\n`;

const replaceAll = (text: string, pairs: readonly (readonly [string, string])[]): string =>
  pairs.reduce((changed, [from, to]) => changed.replaceAll(from, to), text);

/** Types the blocks of a page; one exchange for each that shows an output. Throws when a server does not start. */
export const playPage = async (
  page: Page,
  markdown: string,
  { standIns = "whereMissing" }: { readonly standIns?: StandIns } = {},
): Promise<readonly Exchange[]> => {
  const folder = mkdtempSync(join(tmpdir(), "pons-docs-"));
  const started: Started[] = [];
  try {
    const pairs: (readonly [string, string])[] = [];
    for (const server of page.servers) {
      if (server.service !== undefined) {
        mkdirSync(dirname(join(folder, server.service)), { recursive: true });
        writeFileSync(join(folder, server.service), serviceOf(markdown));
      }
      if (server.service === undefined) cpSync(await filledFolder(), join(folder, server.data), { recursive: true });
      const running = await startServer(folder, server);
      started.push(running);
      pairs.push([server.url, running.url]);
      if (server.line !== undefined) pairs.push([server.line, `127.0.0.1:${running.linePort}`]);
    }
    const typed = typedBlocks(markdown);
    const script = typed
      .map(({ command }, at) => `{\n${replaceAll(command.text, pairs)}\n} > out.${at} 2>> err.${at}\n`)
      .join("");
    writeFileSync(join(folder, "script.sh"), script);
    const shell = Bun.spawn(["sh", "script.sh"], {
      cwd: folder,
      env: { ...environment(), PATH: `${makeCommands(folder, standIns)}:${process.env["PATH"] ?? ""}` },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    await shell.exited;
    const complaint = await shell.stderr.text();
    if (complaint !== "") throw new Error(`the shell says: ${complaint}`);
    const back = pairs.map(([shown, actual]) => [actual, shown] as const);
    const exchanges: Exchange[] = [];
    for (const [at, { command, shown }] of typed.entries()) {
      if (shown === undefined) continue;
      const out = await Bun.file(join(folder, `out.${at}`)).text();
      const actual = out === "" ? await Bun.file(join(folder, `err.${at}`)).text() : out;
      exchanges.push({ command, shown, actual: replaceAll(actual, back) });
    }
    return exchanges;
  } finally {
    for (const { stop } of started) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
