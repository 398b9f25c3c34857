/** People: communities, invitations, who sees whom, what administrators do. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { type Data, dataOf, openPlatform, outcomeOf, type Platform, type Session } from "./platform.ts";

forEachEngine((engine) => {
  let platform: Platform;
  let admin: Session;
  let ada: Session;
  let community: string;
  beforeAll(async () => {
    platform = await openPlatform(await engine.create());
    admin = await platform.person("admin@acme.example", ["platform:admin"]);
    ada = await platform.person("ada@example.com", ["platform:developer"]);
    community = await platform.community(admin);
  });
  afterAll(() => platform[Symbol.asyncDispose]());

  const listOf = async (operation: string, by: Session): Promise<Data[]> =>
    dataOf(await platform.call(operation, { by, query: {} })) as unknown as Data[];
  const tokenIn = ({ text }: { readonly text: string }): string => /Token: (\S+)/.exec(text)?.[1] ?? "";
  const accept = (token: string, more: Data = {}, tenant?: string) =>
    platform.call("acceptInvitation", {
      body: { token, name: "Grace Hopper", password: platform.password, ...more },
      ...(tenant === undefined ? {} : { tenant }),
    });

  test("a person sees and changes the own account alone", async () => {
    expect((await listOf("users.list", ada)).map(({ email }) => email)).toEqual(["ada@example.com"]);
    const [own] = await listOf("users.list", ada);
    for (const field of ["passwordHash", "recoveryCodes", "totpStep", "totpNumber", "sessionsAfter"])
      expect(own).not.toHaveProperty(field);
    const change = (id: string, body: Data) => platform.call("users.update", { by: ada, id, body });
    expect(outcomeOf(await change(ada.user, { name: "Ada King", language: "de" }))).toBe("200");
    expect(outcomeOf(await change(admin.user, { name: "Mine" }))).toBe("404 not_found");
    for (const body of [
      { email: "x@example.com" },
      { roles: ["platform:admin"] },
      { isAdmin: true },
      { subject: "cus_1" },
      { status: "active" },
      { hasSecondFactor: true },
    ])
      expect([body, outcomeOf(await change(ada.user, body))]).toEqual([body, "422 validation_failed"]);
    expect(outcomeOf(await platform.call("users.suspend", { by: ada, id: ada.user, body: {} }))).toBe("403 forbidden");
  });

  test("SECURITY 25: what is secret of an account is no way to find it", async () => {
    for (const field of ["passwordHash", "totpNumber", "recoveryCodes"]) {
      const filtered = await platform.call("users.list", {
        by: admin,
        query: { filters: [{ path: field, op: "eq", values: ["1"], as: field }] },
      });
      const sorted = await platform.call("users.list", { by: admin, query: { sortBy: [field] } });
      expect([field, filtered.ok, sorted.ok]).toEqual([field, false, false]);
    }
  });

  describe("invitations", () => {
    test("make an account of the community, once, as the mail says", async () => {
      const invited = dataOf(
        await platform.call("invitations.invite", {
          by: admin,
          body: { email: "Grace@Example.com", community, communityRole: "owner" },
        }),
      );
      const mail = await platform.mail("grace@example.com", "invitation");
      expect(mail.text).toContain("http://localhost:3000/invitation#token=");
      const token = tokenIn(mail);
      expect(token).toBe(String(invited["token"]));
      expect(outcomeOf(await accept(token, { password: "short" }))).toBe("422 password_too_short");
      expect(dataOf(await accept(token))).toMatchObject({ email: "grace@example.com", roles: ["platform:developer"] });
      expect(outcomeOf(await accept(token))).toBe("422 invitation_invalid");
      const grace = await platform.logIn("grace@example.com");
      expect(dataOf(await platform.call("memberships", { by: grace }))["communities"]).toMatchObject([
        { name: "developers", role: "owner" },
      ]);
      // An owner sees the team and invites to it; a member does not.
      expect(dataOf(await platform.call("communities.team", { by: grace, id: community, body: {} }))["members"]).toMatchObject([
        { email: "grace@example.com", role: "owner" },
      ]);
      expect(
        outcomeOf(await platform.call("communities.invite", { by: grace, id: community, body: { email: "hedy@example.com" } })),
      ).toBe("201");
      const hedysToken = tokenIn(await platform.mail("hedy@example.com", "invitation"));
      expect(outcomeOf(await accept(hedysToken))).toBe("201");
      const hedy = await platform.logIn("hedy@example.com");
      expect(outcomeOf(await platform.call("communities.team", { by: hedy, id: community, body: {} }))).toBe("403 not_owner");
      expect(
        outcomeOf(await platform.call("communities.invite", { by: hedy, id: community, body: { email: "x@example.com" } })),
      ).toBe("403 not_owner");
    });

    test("that were taken back, or are a week old, count no longer", async () => {
      const invite = async (email: string) => dataOf(await platform.call("invitations.invite", { by: admin, body: { email } }));
      const revoked = await invite("revoked@example.com");
      expect(outcomeOf(await platform.call("invitations.revoke", { by: admin, id: String(revoked["id"]), body: {} }))).toBe(
        "200",
      );
      expect(outcomeOf(await accept(String(revoked["token"])))).toBe("422 invitation_invalid");
      const late = await invite("late@example.com");
      platform.pass(8 * 86_400);
      expect(outcomeOf(await accept(String(late["token"])))).toBe("422 invitation_invalid");
      admin = await platform.again(admin);
      ada = await platform.again(ada);
    });

    test("to somebody who has an account need that account's password, and end its sessions where rights grow", async () => {
      const token = String(
        dataOf(await platform.call("invitations.invite", { by: admin, body: { email: ada.email, roles: ["platform:auditor"] } }))[
          "token"
        ],
      );
      expect(outcomeOf(await accept(token, { password: "another long passphrase" }))).toBe("401 invalid_credentials");
      expect(dataOf(await accept(token))).toMatchObject({ user: ada.user, roles: ["platform:auditor", "platform:developer"] });
      expect(outcomeOf(await platform.call("sessionInfo", { by: ada }))).toBe("401 invalid_credentials");
      ada = await platform.logIn(ada.email);
      expect(dataOf(await platform.call("sessionInfo", { by: ada }))["mustEnrol"]).toBe(true);
      await platform.enrol(ada);
    });

    test("give no role that nobody is granted; tokens are not in the database", async () => {
      for (const role of ["platform:operator", "platform:system", "platform:anyone", "bank:system", "bank:operator"])
        expect([
          role,
          outcomeOf(await platform.call("invitations.invite", { by: admin, body: { email: "x@example.com", roles: [role] } })),
        ]).toEqual([role, "422 role_not_grantable"]);
      const token = String(
        dataOf(await platform.call("invitations.invite", { by: admin, body: { email: "secret@example.com" } }))["token"],
      );
      for (const table of ["platform_invitations", "pons_directory", "pons_journal"]) {
        const rows = JSON.stringify(await platform.sql(`SELECT * FROM ${table}`), (_, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        );
        expect([table, rows.includes(token)]).toEqual([table, false]);
      }
    });
  });

  test("communities: visitors see the listed ones; administrators make them", async () => {
    await platform.call("communities.create", { by: admin, body: { name: "hidden", title: "Hidden", isListed: false } });
    const seen = dataOf(await platform.call("communities.list", { query: {} })) as unknown as Data[];
    expect(seen.map(({ name }) => name)).toEqual(["developers"]);
    expect(seen[0]).not.toHaveProperty("tenant");
    expect(outcomeOf(await platform.call("communities.create", { by: ada, body: { name: "own", title: "Own" } }))).toBe(
      "403 forbidden",
    );
    expect(
      outcomeOf(await platform.call("communities.create", { by: admin, body: { name: "developers", title: "Again" } })),
    ).toBe("409 already_exists");
    expect(
      outcomeOf(await platform.call("communities.update", { by: admin, id: community, body: { origin: "http://acme.example" } })),
    ).toBe("422 origin_invalid");
    // Requests to the portal's host are the tenant's.
    const made = dataOf(
      await platform.call("communities.create", {
        by: admin,
        body: { name: "portal", title: "Portal", origin: "https://dev.acme.example" },
      }),
    );
    expect((await platform.app.directory.get("domain", "dev.acme.example"))?.value).toEqual({
      tenant: "acme",
      community: made["id"],
    });
    const stranger = await platform.addTenant("globex");
    expect(
      outcomeOf(
        await platform.call("communities.create", {
          by: stranger,
          body: { name: "thief", title: "Thief", origin: "https://dev.acme.example" },
        }),
      ),
    ).toBe("409 already_exists");
  });

  test("joining and leaving", async () => {
    const joiner = await platform.person("joiner@example.com", []);
    expect(outcomeOf(await platform.call("apps.create", { by: joiner, body: { name: "Early" } }))).toBe("403 forbidden");
    expect(outcomeOf(await platform.call("communities.join", { by: joiner, id: community, body: {} }))).toBe("200");
    const again = await platform.logIn(joiner.email);
    expect(outcomeOf(await platform.call("apps.create", { by: again, body: { name: "Now" } }))).toBe("201");
    const [membership] = await listOf("members.list", again);
    expect(outcomeOf(await platform.call("members.leave", { by: ada, id: String(membership?.["id"]), body: {} }))).not.toBe(
      "204",
    );
    expect(outcomeOf(await platform.call("members.leave", { by: again, id: String(membership?.["id"]), body: {} }))).toBe("204");
  });

  describe("SECURITY 12: administrators", () => {
    test("show a second factor lately; those who have none enrol it first", async () => {
      const unverified = await platform.person("second@acme.example", []);
      for (const [operation, body] of [
        ["users.suspend", {}],
        ["users.standFor", { subject: "cus_1" }],
        ["users.resetSecondFactor", {}],
      ] as const)
        expect([operation, outcomeOf(await platform.call(operation, { by: unverified, id: ada.user, body }))]).toEqual([
          operation,
          "403 forbidden",
        ]);
      const steps = [...platform.contract.operations.values()].filter(({ stepUp }) => stepUp).map(({ name }) => name);
      expect(steps).toEqual(
        expect.arrayContaining([
          "users.suspend",
          "users.standFor",
          "users.resetSecondFactor",
          "invitations.invite",
          "tenants.add",
          "tenants.suspend",
          "supportAccesses.request",
          "roleGrants.create",
        ]),
      );
    });

    test("do nothing to themselves, and leave the tenant with one of them", async () => {
      for (const [operation, body] of [
        ["users.suspend", {}],
        ["users.standFor", { subject: "cus_1" }],
        ["users.resetSecondFactor", {}],
      ] as const)
        expect([operation, outcomeOf(await platform.call(operation, { by: admin, id: admin.user, body }))]).toEqual([
          operation,
          "409 own_account",
        ]);
      const second = await platform.person("deputy@acme.example", ["platform:admin"]);
      expect(outcomeOf(await platform.call("users.suspend", { by: second, id: admin.user, body: {} }))).toBe("200");
      expect(outcomeOf(await platform.call("sessionInfo", { by: admin }))).toBe("401 invalid_credentials");
      expect(outcomeOf(await platform.call("users.activate", { by: second, id: admin.user, body: {} }))).toBe("200");
      admin = await platform.again(admin);
    });
  });

  test("whom an account stands for is in force at once", async () => {
    const customer = await platform.person("customer@example.com", ["shelf:reader"], { subject: "cus_1" });
    const record = async () => (await platform.app.directory.get("user", customer.user))?.value;
    expect(await record()).toMatchObject({
      subject: "cus_1",
      roles: ["shelf:reader", "platform:person"],
      status: "active",
      email: "customer@example.com",
    });
    expect(outcomeOf(await platform.call("users.standFor", { by: admin, id: customer.user, body: { subject: "cus_2" } }))).toBe(
      "200",
    );
    expect(await record()).toMatchObject({ subject: "cus_2" });
  });

  test("notifications are for whom they are made, with an event and a mail", async () => {
    const told = dataOf(
      await platform.system("notify", { user: ada.user, kind: "quotaUsed", text: "80 % of the day's quota are used." }),
    );
    expect(told).toEqual({ notified: 1 });
    expect((await platform.mail(ada.email, "notification")).text).toContain("80 %");
    const person = await platform.again(ada);
    const [row] = await listOf("notifications.list", person);
    expect(row).toMatchObject({ kind: "quotaUsed", readAt: null });
    expect(outcomeOf(await platform.call("notifications.read", { by: person, id: String(row?.["id"]), body: {} }))).toBe("200");
    expect(dataOf(await platform.call("notifications.readAll", { by: person, body: {} }))).toEqual({ read: 0 });
    const customer = await platform.person("other.customer@example.com", ["shelf:reader"], { subject: "cus_9" });
    expect(await listOf("notifications.list", customer)).toEqual([]);
    // Whoever answers for the tenant, where nobody is named; nobody, where who was named is not there.
    expect(dataOf(await platform.system("notify", { kind: "quotaUsed", text: "All of it." }))["notified"]).toBe(2);
    expect(
      dataOf(await platform.system("notify", { user: "usr_00000000000000000000000000", kind: "quotaUsed", text: "x" }))[
        "notified"
      ],
    ).toBe(0);
    const events = JSON.stringify(await platform.sql("SELECT events FROM pons_journal WHERE events IS NOT NULL"));
    expect(events).toContain("notifications.made");
  });

  test("operations of the installation are open to nobody else", async () => {
    const internal = [
      "provisionUser",
      "checkCredentials",
      "notify",
      "keys.touch",
      "sessions.touch",
      "mails.claim",
      "mails.settle",
      "supportAccesses.told",
    ];
    for (const name of internal)
      for (const by of [undefined, ada, admin]) {
        const outcome = outcomeOf(await platform.call(name, { by, body: {} }));
        expect([name, outcome]).toEqual([name, by === undefined ? "401 unauthenticated" : "403 forbidden"]);
      }
  });
});
