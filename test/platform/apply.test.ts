/**
 * `pons apply` and `pons export` by their commands: on the database itself, on both engines, and over HTTP with a key. Each is once a process of its own;
 * otherwise it is run in this one.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { forEachEngine } from "../core/harness.ts";
import { line } from "../host/command-line.ts";
import { type Ended, pons, startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import type { TestDatabase } from "../postgres/index.ts";

const whole = `
products:
  - name: shopping
    title: Shopping
    visibility: public
    services:
      - service: bank
        version: v2
        roles: [teller]
plans:
  - name: free
    title: Free
    products: [shopping]
    priority: 2
    limits:
      - { name: burst, kind: burst, limit: 50, windowSeconds: 1 }
      - { name: daily, kind: quota, limit: 10000, period: day }
    costs:
      - { operation: bank.transfers.create, units: 5 }
  - name: pro
    title: Pro
    monthlyFee: 49900
    approval: manual
communities:
  - name: developers
    title: Developers
    joining: open
    products: [shopping]
apps:
  - name: Back office
    description: $env:DESCRIPTION
issuers:
  - issuer: https://id.example.com
    audience: https://api.example.com
    environment: live
    app: Back office
    claims: { roles: groups }
    roles:
      - { name: cashier, roles: ["bank:teller"] }
grants:
  - app: Back office
    role: bank:auditor
    environment: live
    reason: reads the books
policies:
  - name: office-only
    kind: ipAllow
    settings: { networks: [192.0.2.0/24, "2001:db8::/32"] }
    scope: { environment: live, operations: ["bank.*"], plans: [pro], apps: [Back office] }
  - name: gone-soon
    kind: deprecation
    settings: { deprecatedAt: "2026-05-01T00:00:00.000Z" }
    scope: { operations: [bank.quoteFee] }
    enabled: false
`;

interface Told {
  readonly applied: boolean;
  readonly steps: readonly {
    readonly action: string;
    readonly kind: string;
    readonly name: string;
    readonly changes: readonly object[];
  }[];
}

forEachEngine((engine) => {
  describe("apply and export on the database", () => {
    const folder = new TemporaryFolder();
    let database: TestDatabase;
    let environment: Record<string, string>;
    beforeAll(async () => {
      database = await engine.create();
      environment = {
        PONS_DATA: folder.at("data"),
        PONS_DATABASE_URL: database.url,
        PONS_MODE: "production",
        PONS_SECRET: "s".repeat(40),
        PONS_LOG: "warn",
        DESCRIPTION: "not for everybody's eyes",
      };
    });
    afterAll(async () => {
      await database.drop();
      folder[Symbol.dispose]();
    });

    const written = (name: string, text: string): string => {
      writeFileSync(folder.at(name), text);
      return folder.at(name);
    };
    const run = (...args: readonly string[]): Promise<Ended> => line([...args, "--tenant", "acme"], environment);
    const apply = async (text: string, ...args: readonly string[]): Promise<Told> => {
      const ended = await run("apply", written("platform.yaml", text), "--json", ...args);
      if (ended.code !== 0) throw new Error(`${ended.out}${ended.err}`);
      return JSON.parse(ended.out) as Told;
    };
    const steps = ({ steps: told }: Told): string[] => told.map(({ action, kind, name }) => `${action} ${kind} ${name}`);

    test("a dry run changes nothing, and without a terminal nobody is asked", async () => {
      const said = await apply(whole, "--dry-run");
      expect(said.applied).toBe(false);
      expect(steps(said)).toEqual([
        "create products shopping",
        "create plans free",
        "create plans pro",
        "create communities developers",
        "create apps Back office",
        "create issuers https://id.example.com",
        "create grants Back office bank:auditor@live",
        "create policies office-only@live",
        "create policies gone-soon",
      ]);
      const asked = await pons(["apply", folder.at("platform.yaml"), "--tenant", "acme"], environment);
      expect(asked).toMatchObject({ code: 64, err: expect.stringContaining("give --yes") });
      expect(asked.out).not.toContain("everybody");
      expect(await apply(whole, "--dry-run")).toEqual(said);
    }, 90_000);

    test("applied once it is there, twice it changes nothing, and the export of it neither", async () => {
      const made = await pons(["apply", written("whole.yaml", whole), "--json", "--yes", "--tenant", "acme"], environment);
      expect(made).toMatchObject({ code: 0, err: "" });
      expect(JSON.parse(made.out)).toMatchObject({ applied: true });
      expect(await apply(whole, "--yes")).toEqual({ applied: true, steps: [] });
      const exported = await pons(["export", "--tenant", "acme"], environment);
      expect(exported).toMatchObject({ code: 0, err: "" });
      expect(await apply(exported.out, "--dry-run", "--prune")).toEqual({ applied: true, steps: [] });
      expect(exported.out).toContain("products:\n      - shopping");
      expect(exported.out).not.toMatch(/(?:prod|plan|app|com|pol)_[0-9A-Z]{26}/);
    }, 90_000);

    test("the export makes the same elsewhere; an issuer is of one tenant alone", async () => {
      const { out } = await run("export");
      const elsewhere = (name: string, text: string): Promise<Ended> =>
        line(["apply", written(name, text), "--yes", "--tenant", "other"], environment);
      expect(await elsewhere("same.yaml", out)).toMatchObject({ code: 1, err: expect.stringContaining("409 already_exists") });
      const own = out.replace("https://id.example.com", "https://id.other.example");
      expect(await elsewhere("own.yaml", own)).toMatchObject({ code: 0 });
      expect(await line(["export", "--tenant", "other"], environment)).toEqual({ code: 0, err: "", out: own });
    }, 90_000);

    test("changes are told field by field, of settings what is not there any more too", async () => {
      const changed = whole
        .replace("priority: 2", "priority: 4")
        .replace('networks: [192.0.2.0/24, "2001:db8::/32"]', "networks: [198.51.100.0/24]")
        .replace("reason: reads the books", "until: 2099-01-01T00:00:00.000Z");
      const said = await apply(changed, "--yes");
      expect(said.steps).toEqual([
        { action: "change", kind: "plans", name: "free", changes: [{ field: "priority", before: 2, after: 4 }] },
        {
          action: "replace",
          kind: "grants",
          name: "Back office bank:auditor@live",
          changes: [{ field: "until", before: null, after: "2099-01-01T00:00:00.000Z" }],
        },
        {
          action: "change",
          kind: "policies",
          name: "office-only@live",
          changes: [
            {
              field: "settings",
              before: { networks: ["192.0.2.0/24", "2001:db8::/32"] },
              after: { networks: ["198.51.100.0/24"] },
            },
          ],
        },
      ]);
      expect(steps(await apply(changed, "--dry-run"))).toEqual([]);
    }, 90_000);

    test("pruned is what the file does not name, of the kinds it speaks of", async () => {
      const less = "plans:\n  - name: free\npolicies: []\ngrants: []\n";
      expect(steps(await apply(less, "--dry-run"))).toEqual([]);
      expect(steps(await apply(less, "--yes", "--prune"))).toEqual([
        "remove policies gone-soon",
        "remove policies office-only@live",
        "remove grants Back office bank:auditor@live",
        "remove plans pro",
      ]);
      expect(steps(await apply(less, "--yes", "--prune"))).toEqual([]);
      const { out } = await run("export", "--only", "products,plans,policies,grants");
      expect(out).toContain("name: shopping");
      expect(out).not.toContain("policies:");
    }, 90_000);

    test("what something else needs is retired instead of removed, and comes back when it is named", async () => {
      const pruned = await apply("products: []\n", "--yes", "--prune");
      expect(steps(pruned)).toEqual(["remove products shopping"]);
      expect(steps(await apply("products: []\n", "--yes", "--prune"))).toEqual([]);
      expect((await apply("products: [{ name: shopping }]\n", "--yes")).steps).toEqual([
        {
          action: "change",
          kind: "products",
          name: "shopping",
          changes: [{ field: "status", before: "retired", after: "active" }],
        },
      ]);
    }, 90_000);

    test("what is refused names its line, and what was done before is told", async () => {
      const bad =
        "plans:\n  - { name: new, title: New }\npolicies:\n  - name: bad\n    kind: ipDeny\n    settings: { networks: [somewhere] }\n";
      const ended = await run("apply", written("bad.yaml", bad), "--yes");
      expect(ended).toMatchObject({ code: 1 });
      expect(ended.err).toContain("1 of 2 were done before");
      expect(ended.err).toContain("bad.yaml:6: policy bad: create was refused: 422 validation_failed: settings.networks: ");
      const kind = whole.replace("kind: ipAllow", "kind: ipDeny");
      await apply(whole, "--yes");
      expect(await run("apply", written("kind.yaml", kind), "--yes")).toMatchObject({
        code: 64,
        err: expect.stringContaining("kind of the policy office-only@live cannot be changed"),
      });
    }, 90_000);
  });
});

describe("apply and export over HTTP", () => {
  const folder = new TemporaryFolder();
  const data = folder.at("data");
  const production = { PONS_MODE: "production", PONS_SECRET: "s".repeat(40), PONS_LOG: "warn", PONS_DATA: data };
  let server: TestServer;
  let admin: string;
  let auditor: string;
  const keyFor = async (role: string): Promise<string> => {
    const made = await line(["keys", "create", "--tenant", "acme", "--environment", "live", "--roles", role], production);
    if (made.code !== 0) throw new Error(made.err);
    return made.out.trim();
  };
  beforeAll(async () => {
    [admin, auditor] = [await keyFor("platform:admin"), await keyFor("platform:auditor")];
    server = await startServer({ data, environment: production });
    writeFileSync(folder.at("platform.yaml"), whole);
  }, 90_000);
  afterAll(async () => {
    await server.stop();
    folder[Symbol.dispose]();
  });

  const client = { ...production, PONS_DATA: folder.at("client"), DESCRIPTION: "hush" };
  const over = (key: string): readonly string[] => ["--url", server.facts.baseUrl, "--key", key];
  const run = (key: string, ...args: readonly string[]): Promise<Ended> => line([...args, ...over(key)], client);

  test("an administrator's key may, an auditor's may only look", async () => {
    const refused = await run(auditor, "apply", folder.at("platform.yaml"), "--yes");
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringContaining("product shopping: create was refused: 403 forbidden"),
    });
    expect(await pons(["apply", folder.at("platform.yaml"), "--yes", ...over(admin)], client)).toMatchObject({ code: 0 });
    expect(await run(admin, "apply", folder.at("platform.yaml"), "--yes")).toMatchObject({ code: 0, out: "Nothing differs.\n" });
    const exported = await run(auditor, "export");
    expect(exported.code).toBe(0);
    writeFileSync(folder.at("exported.yaml"), exported.out);
    expect(await run(auditor, "apply", folder.at("exported.yaml"), "--dry-run", "--prune")).toMatchObject({
      code: 0,
      out: "Nothing differs.\n",
    });
  }, 90_000);

  test("the same from the database itself, beside the server", async () => {
    const { out } = await run(admin, "export");
    const local = await pons(["export", "--tenant", "acme"], production);
    expect(local).toMatchObject({ code: 0, out });
  }, 90_000);

  test("what either of them writes the other one goes on from, and the audit agrees", async () => {
    const priority = (value: number): string => {
      writeFileSync(folder.at("priority.yaml"), `plans: [{ name: free, priority: ${value} }]\n`);
      return folder.at("priority.yaml");
    };
    for (const value of [5, 7]) {
      expect(await line(["apply", priority(value), "--yes", "--tenant", "acme"], production)).toMatchObject({ code: 0 });
      expect(await run(admin, "apply", priority(value), "--yes")).toMatchObject({ code: 0, out: "Nothing differs.\n" });
      expect(await run(admin, "apply", priority(value + 1), "--yes")).toMatchObject({
        code: 0,
        out: expect.stringContaining("Done"),
      });
    }
    expect(await line(["audit", "verify", "--tenant", "acme"], production)).toMatchObject({ code: 0 });
  }, 90_000);

  test("a wrong key and a server that is not there are told", async () => {
    expect(await run("pons_live_wrong", "export")).toMatchObject({ code: 1, err: expect.stringContaining("401") });
    const nowhere = await pons(["export", "--url", "http://127.0.0.1:1", "--key", admin], production);
    expect(nowhere).toMatchObject({ code: 69, err: expect.stringContaining("does not answer") });
  }, 90_000);
});
