/** The app that the demo's clients of SOAP call with: made once, kept, made anew where its secret was lost, and in force for what is served. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { prepareBasic, type ServiceRoles } from "../../src/host/demo-basic.ts";
import type { BasicLogin } from "../../src/host/demo-file.ts";
import { openPlane, type Plane } from "../manage/plane.ts";
import { testDatabases } from "../postgres/index.ts";

const market: ServiceRoles = { service: "market", roles: ["anyone", "buyer", "seller"] };
const elsewhere: ServiceRoles = { service: "elsewhere", roles: ["member"] };

describe.each(testDatabases())("$engine", ({ create }) => {
  let plane: Plane;
  beforeAll(async () => {
    plane = await openPlane(await create());
  });
  afterAll(async () => {
    expect(plane.errors).toEqual([]);
    await plane[Symbol.asyncDispose]();
  });

  const prepare = async (kept?: BasicLogin, services: readonly ServiceRoles[] = [market]): Promise<BasicLogin> => {
    const app = plane.nodes[0]?.app;
    if (app === undefined) throw new Error("there is no node");
    const basic = await prepareBasic({ app, tenant: plane.tenant, services, kept });
    if (basic === undefined) throw new Error("there is no login");
    return basic;
  };
  const appOf = ({ user }: BasicLogin): string => user.split("/")[0] ?? "";
  const secretsOf = async (login: BasicLogin): Promise<number> =>
    ((await plane.admin("GET", `/keys?app=${appOf(login)}&status=active`)) as unknown as unknown[]).length;
  const list = async ({ user, password }: BasicLogin): Promise<string> =>
    (await plane.ask("/market/v1/goods", { headers: { authorization: `Basic ${btoa(`${user}:${password}`)}` } })).outcome;

  test("it is made once, with a secret that counts in the sandbox; what was kept is kept", async () => {
    const login = await prepare();
    expect(login).toEqual({
      user: expect.stringMatching(/^app_[0-9A-Z]{26}\/sandbox$/) as never,
      password: expect.stringMatching(/^[\w-]{43}$/) as never,
    });
    expect(await list(login)).toBe("200");
    expect(await list({ ...login, password: "wrong" })).toBe("401 invalid_credentials");
    expect(await prepare(login)).toEqual(login);
    expect(await secretsOf(login)).toBe(1);
  });

  test("it may use what is served, no more and no less; its secret stays", async () => {
    const login = await prepare();
    expect(await prepare(login, [elsewhere])).toEqual(login);
    expect(await list(login)).toBe("403 forbidden");
    expect(await prepare(login, [market, elsewhere])).toEqual(login);
    expect(await list(login)).toBe("200");
  });

  test("nobody is offered its product", async () => {
    const { products } = await plane.admin("POST", "/catalogue");
    expect((products as { name: string }[]).map(({ name }) => name)).not.toContain("demo-basic");
  });

  test("where a secret was lost there is another of the same app; five count, the oldest are revoked", async () => {
    const made: BasicLogin[] = [];
    for (let round = 0; round < 7; round++) made.push(await prepare());
    const [oldest, , third] = made;
    const newest = made.at(-1);
    if (oldest === undefined || third === undefined || newest === undefined) throw new Error("there is no login");
    expect(new Set(made.map(appOf)).size).toBe(1);
    expect(await secretsOf(newest)).toBe(5);
    expect([await list(oldest), await list(third), await list(newest)]).toEqual(["401 invalid_credentials", "200", "200"]);
    expect(await prepare(oldest)).not.toEqual(oldest);
  });

  test("a login of another database counts for nothing here", async () => {
    const login = await prepare({ user: "app_00000000000000000000000000/sandbox", password: "x".repeat(43) });
    expect(await list(login)).toBe("200");
  });

  test("processes that start at the same moment make one app", async () => {
    const logins = await Promise.all(Array.from({ length: 4 }, () => prepare(undefined, [market])));
    expect(new Set(logins.map(appOf)).size).toBe(1);
    expect(await Promise.all(logins.map(list))).toEqual(["200", "200", "200", "200"]);
  });

  test("what an administrator has suspended stays suspended; in place of a closed app there is another", async () => {
    const login = await prepare();
    await plane.admin("POST", `/apps/${appOf(login)}/suspend`, { reason: "Lost" });
    expect(await prepare(login)).toEqual(login);
    expect(await list(login)).toStartWith("401 ");
    await plane.admin("POST", `/apps/${appOf(login)}/close`, {});
    const other = await prepare(login);
    expect(appOf(other)).not.toBe(appOf(login));
    expect(await list(other)).toBe("200");
  });

  test("without services that an app could use there is none", async () => {
    const app = plane.nodes[0]?.app;
    if (app === undefined) throw new Error("there is no node");
    const services = [{ service: "open", roles: ["anyone"] }];
    expect(await prepareBasic({ app, tenant: plane.tenant, services, kept: undefined })).toBeUndefined();
  });
});
