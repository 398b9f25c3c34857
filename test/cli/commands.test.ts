/**
 * The command line as a person uses it: each command as a process of its own, most of them against one running server. Only the many forms of help are
 * asked for in this process.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { catalogue } from "../../src/cli/catalogue.ts";
import { line } from "../host/command-line.ts";
import { type Ended, pons, spawnPons, startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";

const minute = 60_000;
const folder = new TemporaryFolder();
const environment = { PONS_DATA: folder.at("data"), PONS_LOG: "warn" };
const run = (...args: readonly string[]): Promise<Ended> => pons(args, environment);
let server: TestServer;

beforeAll(async () => {
  server = await startServer({ data: folder.at("data") });
}, minute);
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder[Symbol.dispose]();
});

/** What a command printed as JSON; it must be all that stands there. */
const json = ({ out }: Ended): unknown => {
  expect(out.trimEnd().split("\n")).toHaveLength(1);
  return JSON.parse(out);
};

describe("help", () => {
  test("without arguments, every command is named", async () => {
    const ended = await run();
    expect(ended).toMatchObject({ code: 0, err: "" });
    for (const name of Object.keys(catalogue)) expect(ended.out).toContain(`  ${name} `);
  });

  test.each(Object.keys(catalogue))("of %s, by all three ways the same", async (name) => {
    const here = (...args: readonly string[]): Promise<Ended> => line(args, environment);
    const [one, two, three] = await Promise.all([here("help", name), here(name, "--help"), here(name, "-h")]);
    expect(one).toMatchObject({ code: 0, err: "" });
    expect(one.out).toContain(`\nUsage\n  pons ${name}`);
    expect(one.out).toContain("--json");
    expect([two, three]).toEqual([one, one]);
    expect(json(await here("help", name, "--json"))).toMatchObject({ name });
  });

  test("environment and exit codes", async () => {
    const [variables, codes, machine] = await Promise.all([
      run("help", "environment"),
      run("help", "exit-codes"),
      run("help", "environment", "--json"),
    ]);
    expect(variables.out).toContain("PONS_PORT: Port to listen on");
    expect(codes.out).toContain("78     An environment variable has a value it may not have.");
    expect(json(machine)).toHaveProperty("PONS_BASE_DOMAIN");
  });

  test("the version", async () => {
    const [text, machine] = await Promise.all([run("--version"), run("--version", "--json")]);
    expect(text).toMatchObject({ code: 0, out: "0.1.0\n" });
    expect(json(machine)).toMatchObject({ version: "0.1.0", bun: Bun.version });
  });
});

describe("mistakes", () => {
  test.each([
    [["strat"], 64, 'there is no command strat\nDid you mean "start"?'],
    [["help", "cal"], 64, 'Did you mean "call"?'],
    [["start", "--servies", "x"], 64, 'Did you mean "--services"?'],
    [["call"], 64, "<operation> is missing"],
    [["call", "accounts"], 64, "names no operation"],
    [["call", "bnak.accounts.list"], 64, 'Did you mean "bank"?'],
    [["call", "bank.accounts.lst"], 64, 'Did you mean "accounts.list"?'],
    [["call", "bank.accounts.get"], 64, "which one says --id"],
    [["call", "bank.accounts.list", "--id", "x"], 64, "--id has no meaning"],
    [["call", "bank.accounts.list", "--filter", "x"], 64, "expected a condition"],
    [["call", "bank.accounts.list", "--version", "v9"], 64, "there are v2, v1"],
    [["call", "bank.accounts.list", "--as", "root"], 64, "expected sandbox, live, staff, customer"],
    [["call", "bank.customers.create", "--body", "{"], 64, "--body is no JSON"],
    [["call", "bank.customers.create", "--body", "@/there/is/none"], 64, "there is no file"],
    [["call", "bank.accounts.list", "--url", "http://127.0.0.1:1"], 69, "does not answer"],
    [["migrate", "--destructive"], 64, "--destructive goes with --apply"],
    [["contract", "openapi", "bank", "--spec", "2"], 64, "expected 3.1 or 3.2"],
    [["contract", "openapi", "bank", "--version", "v9"], 64, "there are v2, v1"],
    [["seed", "moon"], 64, "expected sandbox, live"],
    [["new", "9lives"], 64, "cannot be a service's name"],
  ] as [string[], number, string][])("pons %p", async (args, code, told) => {
    const [text, machine] = await Promise.all([run(...args), run(...args, "--json")]);
    expect(text).toMatchObject({ code, out: "" });
    expect(text.err).toContain(told);
    expect(machine.code).toBe(code);
    expect(json(machine)).toMatchObject({ error: { code } });
  });

  test("an environment that does not fit", async () => {
    const ended = await pons(["doctor"], { ...environment, PONS_PORT: "x", PONS_FOO: "1" });
    expect(ended.code).toBe(1);
    expect(ended.out).toContain('PONS_PORT is "x": expected a whole number');
    expect(ended.out).toContain("PONS_FOO is not known");
    // What does not rest on the port is looked at all the same.
    for (const check of ["data folder", "disk", "services", "database", "schema", "clock"])
      expect(ended.out).toContain(`✓  ${check} `);
    expect(ended.out).not.toContain("✓  port ");
    expect((await pons(["call", "bank.accounts.list"], { ...environment, PONS_MODE: "x" })).code).toBe(78);
  });
});

describe("call", () => {
  test("a list: its rows, and where the next page is", async () => {
    const ended = await run(
      "call",
      "bank.accounts.list",
      "--perPage",
      "5",
      "--filter",
      "currency=EUR",
      "--filter",
      "balance>=0",
      "--sortBy",
      "balance.desc",
    );
    expect(ended.code).toBe(0);
    const rows = JSON.parse(ended.out) as { currency: string; balance: number }[];
    expect(rows).toHaveLength(5);
    expect(rows.every(({ currency }) => currency === "EUR")).toBe(true);
    expect(rows.map(({ balance }) => balance)).toEqual(rows.map(({ balance }) => balance).toSorted((a, b) => b - a));
    expect(ended.err).toMatch(/^page 1 of \d+, \d+ in all; next: --cursor \S+\n$/);
    const [, cursor = ""] = /--cursor (\S+)/.exec(ended.err) ?? [];
    const next = await run(
      "call",
      "bank.accounts.list",
      "--perPage",
      "5",
      "--filter",
      "currency=EUR",
      "--filter",
      "balance>=0",
      "--sortBy",
      "balance.desc",
      "--cursor",
      cursor,
    );
    expect(next.code).toBe(0);
    expect((JSON.parse(next.out) as { balance: number }[])[0]?.balance).toBeLessThanOrEqual(rows[4]?.balance ?? 0);
  });

  test("--json: the answer as it came", async () => {
    expect(json(await run("call", "bank.accounts.list", "--perPage", "1", "--json"))).toMatchObject({
      success: true,
      data: [{ id: expect.stringContaining("acc_") }],
      pagination: { totalRecords: 300, perPage: 1 },
    });
  });

  test("a value that has to be encoded", async () => {
    const ended = await run("call", "bank.customers.list", "--filter", "name~=& é #+%", "--json");
    expect(json(ended)).toMatchObject({ success: true, data: [] });
  });

  test("create, get, change, function, property, statistic, related rows, an older version", async () => {
    const body = JSON.stringify({ name: "Ada", email: "ada.cli@example.com", country: "MT" });
    const { id: customer } = JSON.parse((await run("call", "bank.customers.create", "--body", body)).out) as { id: string };
    writeFileSync(folder.at("account.json"), JSON.stringify({ customer, name: "Boat", currency: "EUR" }));
    const made = await run("call", "bank.accounts.create", "--body", `@${folder.at("account.json")}`);
    const { id } = JSON.parse(made.out) as { id: string };
    const outputs = await Promise.all([
      run("call", "bank.accounts.get", "--id", id),
      run("call", "bank.accounts.get", "--id", id, "--version", "v1"),
      run("call", "bank.accounts.list", "--under", `customers/${customer}`),
      run("call", "bank.accounts.count"),
      run("call", "bank.accounts.stats.byCurrency"),
      run("call", "bank.profile.get", "--as", "customer"),
    ]);
    const [got, older, related, count, statistic, profile] = outputs.map(({ out }) => JSON.parse(out) as never);
    expect(got).toMatchObject({ id, name: "Boat" });
    expect(older).toMatchObject({ id, title: "Boat" });
    expect(related).toMatchObject([{ id }]);
    expect(count).toBe(301 as never);
    expect(statistic).toHaveLength(4);
    expect(profile).toMatchObject({ id: server.facts.demo!.logins.customer!.subject });
    const changed = await run("call", "bank.accounts.update", "--id", id, "--body", '{"name":"Bigger boat"}');
    expect(JSON.parse(changed.out)).toMatchObject({ name: "Bigger boat" });
    const many = await run(
      "call",
      "bank.accounts.update",
      "--body",
      JSON.stringify([{ id, name: "Yacht" }]),
      "--prefer",
      "atomic",
    );
    expect(JSON.parse(many.out)).toMatchObject([{ success: true, data: { name: "Yacht" } }]);
    const frozen = await run("call", "bank.accounts.freeze", "--id", id, "--body", '{"reason":"lost"}');
    expect(JSON.parse(frozen.out)).toMatchObject({ status: "frozen" });
  });

  test("standard input is a body too", async () => {
    const child = Bun.spawn([process.execPath, "src/cli/main.ts", "call", "bank.customers.create", "--body", "-"], {
      env: { ...process.env, ...environment },
      stdin: new Blob(['{"name":"Bob","email":"bob.cli@example.com","country":"MT"}']),
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(JSON.parse(await child.stdout.text())).toMatchObject({ name: "Bob" });
    expect(await child.exited).toBe(0);
  });

  test("a repeated command with its key is answered once", async () => {
    const args = ["call", "bank.customers.create", "--idempotency-key", "cli-1", "--body"];
    const body = '{"name":"Cy","email":"cy.cli@example.com","country":"MT"}';
    const [one, two] = [await run(...args, body), await run(...args, body)];
    expect(JSON.parse(two.out)).toEqual(JSON.parse(one.out));
    expect((await run(...args, body.replace("Cy", "Di"))).err).toContain("422 idempotency_key_reused");
  });

  test("what is refused says so, field by field, with exit code 1", async () => {
    const ended = await run("call", "bank.customers.create", "--body", '{"email":"x"}', "--language", "de");
    expect(ended).toMatchObject({ code: 1, out: "" });
    expect(ended.err).toStartWith("pons: 422 validation_failed: ");
    expect(ended.err).toMatch(/\n {2}email: .+\n/);
    expect(ended.err).toMatch(/\nrequest \S+\n$/);
    expect(await run("call", "bank.accounts.list", "--key", "pons_live_x")).toMatchObject({
      code: 1,
      err: expect.stringContaining("401"),
    });
  });

  test.each(["csv", "yaml", "xml", "ndjson"])("--format %s", async (format) => {
    const ended = await run("call", "bank.accounts.list", "--perPage", "2", "--format", format);
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(ended.out).toContain("acc_");
    expect(ended.out).not.toStartWith("[");
  });
});

describe("contract", () => {
  test("OpenAPI of a version", async () => {
    const [newest, older] = await Promise.all([
      run("contract", "openapi", "bank", "--json"),
      run("contract", "openapi", "bank", "--version", "v1", "--spec", "3.2", "--url", "https://api.example.com/"),
    ]);
    expect(json(newest)).toMatchObject({ openapi: "3.1.2", info: { version: "v2" } });
    expect(JSON.parse(older.out)).toMatchObject({
      openapi: "3.2.0",
      info: { version: "v1" },
      servers: [{ url: "https://api.example.com/bank/v1" }],
    });
  });

  test("lock, then a breaking change: shown, refused, announced", async () => {
    const path = folder.at("locked.ts");
    const lock = folder.at("locked.contract.lock");
    const write = (fields: string): void =>
      writeFileSync(
        path,
        `import { resource, service, t } from "pons";
         const notes = resource("notes", { doc: "Notes.", fields: { id: t.id("nte"), ${fields} } }, ({ all }) => ({ rows: { writer: all } }));
         export default service("notes", { doc: "Notes.", version: "v1", roles: { writer: "Writes." }, resources: [notes] });`,
      );
    const own = (...args: string[]): Promise<Ended> => run("contract", ...args, "--services", path);
    write("text: t.string(), due: t.date({ optional: true })");
    expect((await own("diff")).code).toBe(1);
    expect(await own("lock")).toMatchObject({ code: 0, out: expect.stringContaining("was written") });
    expect((await own("diff")).code).toBe(0);
    write("text: t.string()");
    const broken = await own("diff");
    expect(broken.code).toBe(1);
    expect(broken.out).toContain("breaking");
    const before = readFileSync(lock, "utf8");
    expect((await own("lock")).code).toBe(1);
    expect(readFileSync(lock, "utf8")).toBe(before);
    const announced = json(await own("lock", "notes", "--accept-breaking", "nobody had dates", "--json"));
    expect(announced).toMatchObject({ locks: [{ service: "notes", written: true }] });
    expect(readFileSync(lock, "utf8")).toContain("nobody had dates");
    expect((await own("diff")).code).toBe(0);
  });
});

describe("seed, migrate, doctor on a running installation", () => {
  test(
    "the sandbox is seeded already; live is when asked for",
    async () => {
      using other = new TemporaryFolder();
      const settings = { PONS_DATA: other.at("data"), PONS_LOG: "warn" };
      expect(json(await pons(["seed", "--json"], settings))).toEqual({
        environment: "sandbox",
        seeded: ["bank", "delivery", "platform"],
      });
      expect(json(await pons(["seed", "--json"], settings))).toEqual({ environment: "sandbox", seeded: [] });
      expect(json(await pons(["seed", "live", "--json"], settings))).toEqual({
        environment: "live",
        seeded: ["bank", "delivery"],
      });
      await using own = await startServer({ data: other.at("data") });
      const { live } = own.facts.demo!.keys;
      expect(await own.data("/bank/v2/transfers/count", { headers: { authorization: `Bearer ${live}` } })).toBe(5_000);
    },
    minute,
  );

  test("nothing to migrate", async () => {
    const [text, machine] = await Promise.all([run("migrate"), run("migrate", "--json")]);
    expect(text).toMatchObject({ code: 0, err: "" });
    expect(json(machine)).toEqual({ fits: true, steps: [], problems: [], unknown: [] });
  });

  test("doctor finds everything well, and who answers at the port", async () => {
    const { port } = new URL(server.facts.baseUrl);
    const ended = await pons(["doctor", "--json"], { ...environment, PONS_PORT: port });
    expect(ended.code).toBe(0);
    const { findings } = json(ended) as { findings: { check: string; verdict: string; found: string }[] };
    expect(findings.filter(({ verdict }) => verdict !== "good")).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual([
      "bun",
      "configuration",
      "data folder",
      "disk",
      "services",
      "database",
      "schema",
      "clock",
      "port",
    ]);
    expect(findings.at(-1)?.found).toBe(`Pons answers at ${server.facts.baseUrl}`);
  });

  test("doctor finds a database that is away, a port that is taken, a service that is broken", async () => {
    using taken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });
    writeFileSync(folder.at("broken.ts"), "export default {");
    const ended = await pons(["doctor", "--services", folder.at("broken.ts")], {
      ...environment,
      PONS_PORT: String(taken.port),
      PONS_DATABASE_URL: "postgres://ann:hush@127.0.0.1:1/pons",
    });
    expect(ended.code).toBe(1);
    expect(ended.out).toContain("✗  services");
    expect(ended.out).toContain("✗  database");
    expect(ended.out).toContain(`${taken.port} is taken by another process`);
    expect(ended.out).not.toContain("hush");
  });
});

describe("new", () => {
  test(
    "the service it writes passes the type check, starts, is seeded, and is called by name",
    async () => {
      using outside = new TemporaryFolder();
      const path = outside.at("My-Notes");
      const written = await pons(["new", "My-Notes", "--json"], environment, outside.path);
      expect(json(written)).toMatchObject({ service: "mynotes", files: ["index.ts", "README.md", "tsconfig.json"] });
      const check = Bun.spawn([process.execPath, "check", "--no-script", "-p", "."], {
        cwd: path,
        stdout: "pipe",
        stderr: "pipe",
      });
      expect({ out: await check.stdout.text(), code: await check.exited }).toMatchObject({ code: 0 });
      await using own = await startServer({ data: outside.at("data"), services: [path] });
      const call = (...args: readonly string[]): Promise<Ended> => pons(["call", ...args], { PONS_DATA: outside.at("data") });
      const tasks = JSON.parse((await call("mynotes.tasks.list")).out) as { id: string }[];
      expect(tasks).toHaveLength(3);
      const finished = await call("mynotes.tasks.finish", "--id", tasks[0]!.id);
      expect(JSON.parse(finished.out)).toMatchObject({ status: "done" });
      expect((await call("mynotes.tasks.finish", "--id", tasks[0]!.id)).err).toContain("409 task_done");
      expect(JSON.parse((await call("mynotes.tasks.stats.byStatus")).out)).toEqual([
        { status: "done", tasks: 1 },
        { status: "open", tasks: 2 },
      ]);
      await call("mynotes.tasks.create", "--body", '{"title":"Late","due":"2020-01-31"}');
      expect(JSON.parse((await call("mynotes.tasks.list", "--filters", "overdue(today:2030-02-01)")).out)).toMatchObject([
        { title: "Late" },
      ]);
      expect(await own.stop()).toBe(0);
      expect(await pons(["new", path])).toMatchObject({ code: 73, err: expect.stringContaining("is there already") });
    },
    minute,
  );

  test("its README's commands are those of the command line", async () => {
    using outside = new TemporaryFolder();
    await pons(["new", "notes"], environment, outside.path);
    const readme = readFileSync(outside.at("notes", "README.md"), "utf8");
    for (const [, name] of readme.matchAll(/^pons ([a-z]+)/gm)) expect(Object.keys(catalogue)).toContain(name!);
    expect(existsSync(outside.at("notes", "index.ts"))).toBe(true);
  });
});

describe("dev", () => {
  test(
    "starts again after a change, also after one that was broken, and ends with 0",
    async () => {
      using own = new TemporaryFolder();
      const path = own.at("notes.ts");
      const write = (title: string): void =>
        writeFileSync(
          path,
          `import { resource, service, t } from "pons";
         const notes = resource("notes", { doc: "Notes.", fields: { id: t.id("nte") } }, ({ all }) => ({ rows: { writer: all } }));
         export default service("notes", { title: "${title}", doc: "Notes.", version: "v1", roles: { writer: "Writes." }, resources: [notes] });`,
        );
      using free = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
      const port = String(free.port);
      await free.stop(true);
      write("First");
      const child = spawnPons(["dev", "--services", path], { PONS_DATA: own.at("data"), PONS_PORT: port, PONS_LOG: "warn" });
      const served = async (title: string): Promise<boolean> => {
        for (let tries = 0; tries < 200; tries++) {
          const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
          if ((await answer?.text())?.includes(`"title":"${title}"`) === true) return true;
          await Bun.sleep(50);
        }
        return false;
      };
      try {
        expect(await served("First")).toBe(true);
        write("Second");
        expect(await served("Second")).toBe(true);
        writeFileSync(path, "export default {");
        await Bun.sleep(600);
        expect(child.exitCode).toBeNull();
        write("Third");
        expect(await served("Third")).toBe(true);
      } finally {
        child.kill("SIGTERM");
      }
      expect(await child.exited).toBe(0);
    },
    minute,
  );
});
