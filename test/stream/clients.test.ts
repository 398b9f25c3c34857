/** Clients that others have written: `ws` and `eventsource` in Node, and the page of a browser, where one is installed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { testDatabases } from "../postgres/index.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { type Office, openOffice } from "./office.ts";

interface Line {
  readonly is: string;
  readonly code?: number;
  readonly reason?: string;
  readonly lane?: string;
  readonly lastEventId?: string;
  readonly protocol?: string;
  readonly data?: unknown;
  readonly told?: Readonly<Record<string, unknown>>;
}

/** A program in Node, and the lines that it prints. */
class Program implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: Line[] = [];

  constructor(args: readonly string[]) {
    this.#child = Bun.spawn(["node", join(import.meta.dir, "clients-in-node.mjs"), ...args], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    void this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of this.#child.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#lines.push(JSON.parse(line) as Line);
    }
  }

  async next(fits: (line: Line) => boolean): Promise<Line> {
    for (let waited = 0; waited < 8_000; waited += 10) {
      const at = this.#lines.findIndex(fits);
      if (at !== -1) return this.#lines.splice(at, 1)[0] as Line;
      await Bun.sleep(10);
    }
    throw new Error(`not heard among ${JSON.stringify(this.#lines)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.end();
    await this.#child.exited;
  }
}

const browser = ["chromium", "chromium-browser", "google-chrome"].map((name) => Bun.which(name)).find((path) => path !== null);

describe("clients of others", () => {
  let office: Office;
  let key: string;
  beforeAll(async () => {
    const sqlite = testDatabases().find(({ engine }) => engine === "sqlite");
    if (sqlite === undefined) throw new Error("there is no SQLite");
    office = await openOffice(await sqlite.create(), { limits: { tickMs: 50, retryMs: 100 }, page: pages });
    key = await office.grant("clerk");
  });
  afterAll(async () => {
    expect(office.errors).toEqual([]);
    await office[Symbol.asyncDispose]();
  });
  const is = (what: string) => (line: Line) => line.is === what;

  test("ws and eventsource in Node: calls, events, and coming again after a restart and before a revocation", async () => {
    await using program = new Program([`${office.at(0).origin}/post/v2/stream`, key]);
    await program.next(is("open"));
    expect(await program.next(is("message"))).toMatchObject({
      protocol: "pons.v1",
      told: { id: "1", status: 201, data: { lane: "node" } },
    });
    const writer = await office.connect({ key });
    const post = (lane: string, socket = writer) =>
      socket.ask({ operation: "parcels.create", input: { body: { label: "A", lane } } });
    await post("first");
    await program.next(({ lane }) => lane === "first");
    await office.restart(0);
    expect(await program.next(is("end"))).toMatchObject({ data: { reason: "shutdown" } });
    expect(await program.next(is("closed"))).toMatchObject({ code: 1001, reason: "shutdown" });
    const again = await office.connect({ key });
    await post("second", again);
    await program.next(is("open"));
    await program.next(({ lane }) => lane === "second");
    await post("third", again);
    await program.next(({ lane }) => lane === "third");
    await office.revoke(key);
    expect(await program.next(is("end"))).toMatchObject({ data: { reason: "invalid_credentials" } });
    // It comes again, is refused for good, and stays away.
    await program.next(({ is: what, code }) => what === "error" && code === 401);
    key = await office.grant("clerk");
  }, 20_000);

  // Without a Chromium or Chrome on this machine there is no browser to try.
  test.skipIf(browser === undefined)(
    "a page in a browser: the key with the first message, calls and events; another origin is kept out",
    async () => {
      using folder = new TemporaryFolder();
      const run = async (origin: string): Promise<readonly string[]> => {
        const address = `${office.at(0).origin}/post/v2/stream`;
        const page = `${origin}/page?address=${encodeURIComponent(address)}&credential=${key}`;
        const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${folder.path}`];
        told = Promise.withResolvers<string>();
        const child = Bun.spawn([browser ?? "", ...flags, page], { stdout: "ignore", stderr: "ignore" });
        try {
          return (await told.promise).split("\n");
        } finally {
          child.kill();
          await child.exited;
        }
      };
      const lines = await run(office.at(0).origin);
      expect([lines.slice(0, 2), new Set(lines.slice(2))]).toEqual([
        ["authenticated", "subscribed"],
        new Set(["201", "event post.parcels.posted page"]),
      ]);
      const elsewhere = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: pages });
      expect(await run(`http://127.0.0.1:${elsewhere.port}`)).toEqual(["closed 1006"]);
      await elsewhere.stop(true);
    },
    40_000,
  );
});

/** What a page has heard, as it tells its own server. */
let told = Promise.withResolvers<string>();

const pages = async (request: Request): Promise<Response> => {
  if (request.method === "GET") return new Response(browserPage, { headers: { "content-type": "text/html" } });
  told.resolve(await request.text());
  return new Response();
};

/** Calls, listens, and tells its server what it has heard once there is an event, or the connection is closed. */
const browserPage = `<!doctype html><meta charset="utf-8"><script>
const asked = new URL(location.href).searchParams;
const lines = [];
const say = (text) => lines.push(text);
const tell = () => fetch("/page", { method: "POST", body: lines.join("\\n") });
// The answer and the event, whichever comes first.
const heard = (text) => { say(text); if (lines.length === 4) socket.close(1000); };
const socket = new WebSocket(asked.get("address").replace("http", "ws"), ["pons.v1"]);
const send = (message) => socket.send(JSON.stringify(message));
socket.onopen = () => send({ authenticate: { authorization: "Bearer " + asked.get("credential") } });
socket.onclose = ({ code }) => { if (code !== 1000) say("closed " + code); tell(); };
socket.onmessage = ({ data }) => {
  const told = JSON.parse(data);
  if (told.authenticated) { say("authenticated"); send({ id: "s", subscribe: { types: ["parcels.posted"] } }); }
  else if (told.subscribed) { say("subscribed"); send({ id: "1", operation: "parcels.create", input: { body: { label: "A", lane: "page" } } }); }
  else if (told.event) heard("event " + told.event.type + " " + told.event.data.lane);
  else heard(String(told.status));
};
</script>`;
