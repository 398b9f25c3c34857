/** Apps: what their owners say of them, and what stands in the directory. */
import { afterAll, beforeAll, expect, test } from "bun:test";
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

  const create = (by: Session, body: Data) => platform.call("apps.create", { by, body });
  const entryOf = async (id: string): Promise<Data | undefined> => {
    const record = await platform.app.directory.get("app", id);
    return record?.value;
  };

  test("a developer's app is the own one; an administrator's is the tenant's, or whose it is said to be", async () => {
    const own = dataOf(await create(ada, { name: "Shop" }));
    expect(own).toMatchObject({ owner: ada.user, status: "active", subscriptions: [] });
    expect(own).not.toHaveProperty("signers");
    expect(own).not.toHaveProperty("secrets");
    expect(outcomeOf(await create(ada, { name: "Other", owner: admin.user }))).toBe("422 validation_failed");
    expect(dataOf(await create(admin, { name: "Back office" }))).toMatchObject({ owner: null });
    expect(dataOf(await create(admin, { name: "For Ada", owner: ada.user }))).toMatchObject({ owner: ada.user });
    expect(outcomeOf(await create(admin, { name: "For nobody", owner: "usr_00000000000000000000000000" }))).toBe(
      "422 owner_not_found",
    );
    expect(outcomeOf(await platform.call("apps.create", { body: { name: "Nobody's" } }))).toBe("401 unauthenticated");
  });

  test("names are unique among the apps of an owner, closed ones aside", async () => {
    const { id } = dataOf(await create(ada, { name: "Unique" }));
    expect(outcomeOf(await create(ada, { name: "Unique" }))).toBe("409 app_name_taken");
    expect(outcomeOf(await create(admin, { name: "Unique" }))).toBe("201");
    const other = dataOf(await create(ada, { name: "Another" }));
    const rename = (name: string) => platform.call("apps.update", { by: ada, id: String(other["id"]), body: { name } });
    expect(outcomeOf(await rename("Unique"))).toBe("409 app_name_taken");
    expect(outcomeOf(await rename("Another"))).toBe("200");
    expect(outcomeOf(await platform.call("apps.close", { by: ada, id: String(id), body: {} }))).toBe("200");
    expect(outcomeOf(await create(ada, { name: "Unique" }))).toBe("201");
  });

  test("people are sent back to https, the own machine or an app's scheme alone", async () => {
    const tried = async (redirectUri: string) =>
      outcomeOf(await create(ada, { name: `To ${redirectUri}`.slice(0, 100), redirectUris: [redirectUri] }));
    for (const good of [
      "https://shop.example/callback?a=b",
      "http://localhost:8080/cb",
      "http://127.0.0.1/cb",
      "http://[::1]:7/cb",
      "com.example.shop:/cb",
    ])
      expect([good, await tried(good)]).toEqual([good, "201"]);
    for (const bad of [
      "http://shop.example/cb",
      "https://shop.example/cb#x",
      "https://a:b@shop.example/",
      "javascript:alert(1)",
      "data:text/html,x",
      "shop:/cb",
      "/cb",
      "https://shop.example/ x",
    ])
      expect([bad, await tried(bad)]).toEqual([bad, "422 redirect_uri_invalid"]);
    const { id } = dataOf(await create(ada, { name: "Changing" }));
    expect(
      outcomeOf(
        await platform.call("apps.update", { by: ada, id: String(id), body: { redirectUris: ["http://shop.example/"] } }),
      ),
    ).toBe("422 redirect_uri_invalid");
    expect(
      outcomeOf(await platform.call("apps.update", { by: ada, id: String(id), body: { origins: ["https://shop.example/"] } })),
    ).toBe("422 validation_failed");
    expect(
      outcomeOf(await platform.call("apps.update", { by: ada, id: String(id), body: { origins: ["http://shop.example"] } })),
    ).toBe("422 origin_invalid");
    expect(
      outcomeOf(await platform.call("apps.update", { by: ada, id: String(id), body: { origins: ["https://shop.example"] } })),
    ).toBe("200");
  });

  test("what every node has to know stands in the directory, and is as it is now", async () => {
    const id = String(
      dataOf(
        await create(ada, {
          name: "Known",
          redirectUris: ["https://a.example/cb"],
          grantTypes: ["authorization_code"],
          scopes: ["shelf:read"],
          isConfidential: false,
        }),
      )["id"],
    );
    expect(await entryOf(id)).toEqual({
      name: "Known",
      owner: ada.user,
      status: "active",
      subscriptions: [],
      signers: [],
      secrets: [],
      roles: [],
      redirectUris: ["https://a.example/cb"],
      grantTypes: ["authorization_code"],
      origins: [],
      scopes: ["shelf:read"],
      isConfidential: false,
    });
    await platform.call("apps.update", { by: ada, id, body: { scopes: null } });
    expect(await entryOf(id)).toMatchObject({ scopes: null });
    await platform.call("apps.close", { by: ada, id, body: {} });
    expect(await entryOf(id)).toBeUndefined();
  });

  test("SECURITY 26: what its owner may not say of it is refused", async () => {
    const id = String(dataOf(await create(ada, { name: "Assigned" }))["id"]);
    for (const [field, value] of Object.entries({
      roles: ["platform:admin"],
      status: "active",
      owner: admin.user,
      subscriptions: [{ product: "prod_1", plan: "plan_1", environment: "live" }],
      signers: [],
      secrets: [],
      keyCount: -100,
      isConfidential: false,
    })) {
      expect([field, outcomeOf(await platform.call("apps.update", { by: ada, id, body: { [field]: value } }))]).toEqual([
        field,
        "422 validation_failed",
      ]);
      if (field !== "isConfidential")
        expect([field, outcomeOf(await create(ada, { name: `With ${field}`, [field]: value }))]).toEqual([
          field,
          "422 validation_failed",
        ]);
    }
  });

  test("apps of others are not there; those of other tenants neither, for administrators too", async () => {
    const id = String(dataOf(await create(ada, { name: "Private" }))["id"]);
    const mallory = await platform.person("mallory@example.com", ["platform:developer"]);
    const stranger = await platform.addTenant("globex");
    const missing = "app_00000000000000000000000000";
    for (const by of [mallory, stranger])
      for (const [operation, body] of [
        ["apps.get"],
        ["apps.update", { name: "Mine" }],
        ["apps.createKey", { name: "k", environment: "sandbox" }],
        ["apps.close", {}],
      ] as const) {
        const asked = (of: string) => platform.call(operation, { by, id: of, ...(body === undefined ? {} : { body }) });
        const [foreign, absent] = [await asked(id), await asked(missing)];
        expect([operation, foreign]).toEqual([operation, absent]);
        expect(outcomeOf(foreign)).toBe("404 not_found");
      }
    expect(dataOf(await platform.call("apps.list", { by: mallory, query: {} }))).toEqual([] as never);
    expect(dataOf(await platform.call("apps.list", { by: stranger, query: {} }))).toEqual([] as never);
    expect(outcomeOf(await platform.call("apps.suspend", { by: ada, id, body: { reason: "x" } }))).toBe("403 forbidden");
  });

  test("an app is of a community that its owner belongs to", async () => {
    expect(outcomeOf(await create(ada, { name: "Early", community }))).toBe("422 not_member");
    expect(outcomeOf(await platform.call("communities.join", { by: ada, id: community, body: {} }))).toBe("200");
    expect(outcomeOf(await create(ada, { name: "Early", community }))).toBe("201");
  });

  test("there are a hundred of one owner at most", async () => {
    const busy = await platform.person("busy@example.com", ["platform:developer"]);
    const made = await Promise.all(Array.from({ length: 100 }, (_, at) => create(busy, { name: `App ${at}` })));
    expect(made.every(({ ok }) => ok)).toBe(true);
    expect(outcomeOf(await create(busy, { name: "One more" }))).toBe("409 too_many_apps");
  }, 60_000);
});
