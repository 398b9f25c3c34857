/** Tenants: made, entered, suspended; and the walls between them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { type Data, dataOf, openPlatform, outcomeOf, type Platform, type Session } from "./platform.ts";

forEachEngine((engine) => {
  let platform: Platform;
  let operator: Session;
  beforeAll(async () => {
    platform = await openPlatform(await engine.create());
    operator = await platform.person("olga@pons.example", ["platform:operator"], { tenant: "pons" });
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  const add = (name: string, by = operator): ReturnType<Platform["call"]> =>
    platform.call("tenants.add", {
      by,
      body: { name, title: `The ${name}`, contact: `it@${name}.example`, administrator: `boss@${name}.example` },
    });

  test("a new tenant's administrator accepts the invitation there, once, and has to enrol a second factor", async () => {
    const made = dataOf(await add("initech"));
    expect(made).toMatchObject({ name: "initech", status: "active" });
    const token = String(made["token"]);
    expect((await platform.mail("boss@initech.example", "invitation")).text).toContain(token);
    const accept = (tenant: string) =>
      platform.call("acceptInvitation", { tenant, body: { token, name: "The boss", password: platform.password } });
    // Elsewhere it is nothing.
    expect(outcomeOf(await accept("acme"))).toBe("422 invitation_invalid");
    expect(outcomeOf(await accept("pons"))).toBe("422 invitation_invalid");
    expect(dataOf(await accept("initech"))).toMatchObject({ email: "boss@initech.example", roles: ["platform:admin"] });
    expect(outcomeOf(await accept("initech"))).toBe("422 invitation_invalid");
    const boss = await platform.logIn("boss@initech.example", {}, { tenant: "initech" });
    expect(outcomeOf(await platform.call("tenant", { by: boss }))).toBe("403 forbidden");
    await platform.enrol(boss);
    expect(dataOf(await platform.call("tenant", { by: boss }))).toMatchObject({ name: "initech", users: 1, administrators: 1 });
  });

  test("names are unique in the installation, and some are reserved", async () => {
    expect(outcomeOf(await add("hooli"))).toBe("201");
    expect(outcomeOf(await add("hooli"))).toBe("409 tenant_exists");
    for (const name of ["pons", "admin", "www", "oauth"])
      expect([name, outcomeOf(await add(name))]).toEqual([name, "422 name_reserved"]);
    for (const name of ["A", "x", "-a", "a_b", "ünï", "a".repeat(41), "a--b"])
      expect([name, outcomeOf(await add(name))]).toEqual([name, "422 validation_failed"]);
  });

  test("are made and seen by the installation's staff alone", async () => {
    const admin = await platform.addTenant("umbrella");
    for (const operation of ["tenants.list", "tenants.add", "tenants.suspend"])
      expect([operation, outcomeOf(await platform.call(operation, { by: admin, id: "ten_1", body: {}, query: {} }))]).toEqual([
        operation,
        "403 forbidden",
      ]);
    // Not even the installation itself makes them elsewhere.
    expect(
      outcomeOf(
        await platform.system("tenants.add", { name: "shadow", title: "x", contact: "x@x.example" }, { tenant: "umbrella" }),
      ),
    ).toBe("403 not_operator_tenant");
    expect(
      outcomeOf(
        await platform.call("invitations.invite", { by: admin, body: { email: "x@x.example", roles: ["platform:operator"] } }),
      ),
    ).toBe("422 role_not_grantable");
  });

  test("SECURITY 5: of a suspended tenant no credential counts, until it is active again", async () => {
    const admin = await platform.addTenant("wayne");
    const app = String(dataOf(await platform.call("apps.create", { by: admin, body: { name: "Cave" } }))["id"]);
    const key = String(
      dataOf(await platform.call("apps.createKey", { by: admin, id: app, body: { name: "k", environment: "sandbox" } }))[
        "secret"
      ],
    );
    const outcomes = async () => [
      outcomeOf(await platform.call("look", { key, body: {} })),
      outcomeOf(await platform.call("sessionInfo", { by: admin })),
      outcomeOf(await platform.call("communities.list", { tenant: "wayne", query: {} })),
    ];
    expect(await outcomes()).toEqual(["403 forbidden", "200", "200"]);
    const rows = dataOf(
      await platform.call("tenants.list", {
        by: operator,
        query: { filters: [{ path: "name", op: "eq", values: ["wayne"], as: "name" }] },
      }),
    ) as unknown as Data[];
    const id = String(rows[0]?.["id"]);
    expect(outcomeOf(await platform.call("tenants.suspend", { by: operator, id, body: { reason: "Contract ended" } }))).toBe(
      "200",
    );
    expect(await outcomes()).toEqual(["401 invalid_credentials", "401 invalid_credentials", "401 unauthenticated"]);
    expect(outcomeOf(await platform.call("tenants.suspend", { by: operator, id, body: { reason: "again" } }))).toBe(
      "409 tenant_suspended",
    );
    expect(outcomeOf(await platform.call("tenants.activate", { by: operator, id, body: {} }))).toBe("200");
    expect(await outcomes()).toEqual(["403 forbidden", "200", "200"]);
  });

  test("SECURITY 23: rows of another tenant are answered like rows that are not there", async () => {
    const [ours, theirs] = [await platform.addTenant("stark"), await platform.addTenant("lex")];
    const app = String(dataOf(await platform.call("apps.create", { by: ours, body: { name: "Suit" } }))["id"]);
    const key = dataOf(await platform.call("apps.createKey", { by: ours, id: app, body: { name: "k", environment: "sandbox" } }));
    const community = String(
      dataOf(await platform.call("communities.create", { by: ours, body: { name: "avengers", title: "Avengers" } }))["id"],
    );
    const ids: Readonly<Record<string, string>> = {
      users: ours.user,
      apps: app,
      keys: String(key["id"]),
      communities: community,
    };
    for (const [resource, id] of Object.entries(ids)) {
      const missing = `${id.split("_")[0]}_00000000000000000000000000`;
      for (const action of ["get", "update"]) {
        const ask = (of: string) =>
          platform.call(`${resource}.${action}`, {
            by: theirs,
            id: of,
            ...(action === "get" ? {} : { body: { name: "x", title: "x" } }),
          });
        const [foreign, absent] = [await ask(id), await ask(missing)];
        expect([resource, action, foreign]).toEqual([resource, action, absent]);
      }
    }
    expect(outcomeOf(await platform.call("users.suspend", { by: theirs, id: ours.user, body: {} }))).toBe("404 not_found");
    // The same address is another account there.
    await platform.person("same@example.com", [], { tenant: "stark" });
    const elsewhere = await platform.call("logIn", {
      tenant: "lex",
      body: { email: "same@example.com", password: platform.password },
    });
    expect(outcomeOf(elsewhere)).toBe("401 invalid_credentials");
  });

  describe("SECURITY 31: access for support", () => {
    const request = (tenant: string, more: Data = {}) =>
      platform.call("supportAccesses.request", {
        by: operator,
        body: { tenant, reason: "Ticket 4711: transfers fail", ...more },
      });

    /** What the host does: tells the tenant, and opens what it was told of. */
    const tellAndOpen = async (access: Data): Promise<void> => {
      const { id, operator: who, operatorName, reason, roles, until, tenant } = access;
      dataOf(
        await platform.system(
          "supportAccesses.told",
          { id, operator: who, operatorName, reason, roles, until },
          { tenant: String(tenant) },
        ),
      );
      dataOf(await platform.system("supportAccesses.open", {}, { id: String(id), tenant: "pons" }));
    };

    test("opens once the tenant was told, for a while; each call stands in the tenant's journal under both names", async () => {
      const admin = await platform.addTenant("cyberdyne");
      operator = await platform.again(operator, { tenant: "pons" });
      const enter = (operation = "users.list") => platform.call(operation, { by: operator, tenant: "cyberdyne", query: {} });
      expect(outcomeOf(await enter())).toBe("403 forbidden");
      const asked = await request("cyberdyne", { roles: ["platform:staff", "shelf:keeper"] });
      expect(outcomeOf(asked)).toBe("202");
      expect(outcomeOf(await enter())).toBe("403 forbidden");
      await tellAndOpen(dataOf(asked));
      expect((dataOf(await enter()) as unknown as Data[]).map(({ email }) => email)).toContain("admin@cyberdyne.example");
      expect(outcomeOf(await request("cyberdyne"))).toBe("409 access_open");
      // The tenant knows: a row, a notification, a mail.
      const [seen] = dataOf(await platform.call("supportAccesses.list", { by: admin, query: {} })) as unknown as Data[];
      expect(seen).toMatchObject({ operatorName: "olga@pons.example", reason: "Ticket 4711: transfers fail", status: "open" });
      expect((await platform.mail("admin@cyberdyne.example", "supportAccess")).text).toContain("Ticket 4711");
      // What is changed stands in the tenant's journal under both names.
      expect(outcomeOf(await platform.call("books.create", { by: operator, tenant: "cyberdyne", body: { title: "Emma" } }))).toBe(
        "201",
      );
      const [entry] = await platform.sql("SELECT * FROM pons_journal WHERE operation = 'shelf.books.create'");
      const { actor } = (typeof entry?.["actor"] === "string" ? { actor: JSON.parse(entry["actor"]) } : entry) as { actor: Data };
      expect(actor).toMatchObject({ tenant: "pons", user: operator.user, reason: "Ticket 4711: transfers fail" });
      // Staff reads; it neither administers nor acts for people.
      expect(
        outcomeOf(await platform.call("users.suspend", { by: operator, tenant: "cyberdyne", id: admin.user, body: {} })),
      ).toBe("403 forbidden");
      expect(outcomeOf(await platform.call("users.list", { by: operator, tenant: "acme", query: {} }))).toBe("403 forbidden");
      platform.pass(3_601);
      operator = await platform.again(operator, { tenant: "pons" });
      expect(outcomeOf(await enter())).toBe("403 forbidden");
    });

    test("is asked for with a reason, for four hours at most, and without what would let it stay", async () => {
      expect(outcomeOf(await request("acme", { reason: "because" }))).toBe("422 validation_failed");
      expect(outcomeOf(await request("acme", { minutes: 241 }))).toBe("422 validation_failed");
      for (const role of ["platform:admin", "platform:operator", "platform:system", "bank:admin"])
        expect([role, outcomeOf(await request("acme", { roles: [role] }))]).toEqual([role, "422 role_not_for_support"]);
      expect(outcomeOf(await request("nobody"))).toBe("422 tenant_not_found");
      expect(outcomeOf(await request("pons"))).toBe("422 tenant_not_found");
    });

    test("is ended by either side", async () => {
      const admin = await platform.addTenant("tyrell");
      operator = await platform.again(operator, { tenant: "pons" });
      const access = dataOf(await request("tyrell"));
      await tellAndOpen(access);
      const enter = async () => outcomeOf(await platform.call("users.list", { by: operator, tenant: "tyrell", query: {} }));
      expect(await enter()).toBe("200");
      // The tenant ends its copy; the host follows with the other row.
      expect(outcomeOf(await platform.call("supportAccesses.end", { by: admin, id: String(access["id"]), body: {} }))).toBe(
        "200",
      );
      expect((await platform.app.directory.get("supportEnd", String(access["id"])))?.value).toEqual({ tenant: "tyrell" });
      dataOf(await platform.system("supportAccesses.end", {}, { id: String(access["id"]), tenant: "pons" }));
      expect(await enter()).toBe("403 forbidden");
    });
  });
});
