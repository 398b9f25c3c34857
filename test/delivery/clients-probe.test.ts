/**
 * Clients of .NET ask without credentials before they show them, each time anew. Such a question is answered 401 with the way to show them, and is no call:
 * it costs nobody anything.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import definition from "../../services/delivery/index.ts";
import { openPlane, type Plane } from "../manage/plane.ts";
import { testDatabases } from "../postgres/index.ts";
import { envelopes } from "../soap/description.ts";
import { namespace, soapOrder, xml } from "./house.ts";

const probes = 100;
const challenge = 'Basic realm="pons", charset="UTF-8"';

describe.each(testDatabases())("$engine", ({ create }) => {
  let plane: Plane;
  let app = "";
  let secret = "";
  beforeAll(async () => {
    plane = await openPlane(await create(), { service: definition });
    // Three calls a day are all that the app has.
    const limits = [{ name: "daily", kind: "quota", limit: 3, period: "day" }];
    ({ id: app } = await plane.app({ limits }, ["shop"]));
    const made = await plane.admin("POST", `/apps/${app}/createKey`, { name: "Shop", kind: "secret", environment: "sandbox" });
    secret = String(made["secret"]);
  });
  afterAll(async () => {
    expect(plane.errors).toEqual([]);
    await plane[Symbol.asyncDispose]();
  });

  const push = async (externalId: string, password?: string): Promise<string> => {
    const response = await fetch(`${plane.nodes[0]?.origin}/delivery/v1/soap`, {
      method: "POST",
      headers: {
        "content-type": "text/xml; charset=utf-8",
        soapaction: `"${namespace}/PushOrder"`,
        ...(password === undefined ? {} : { authorization: `Basic ${btoa(`${app}/sandbox:${password}`)}` }),
      },
      body: `<e:Envelope xmlns:e="${envelopes["1.1"]}"><e:Body><PushOrder xmlns="${namespace}">${xml(soapOrder(externalId))}</PushOrder></e:Body></e:Envelope>`,
    });
    const told = /<(?:type|return)>([^<]*)/.exec(await response.text())?.[1];
    return [response.status, told, response.headers.get("www-authenticate") ?? ""].join(" ").trim();
  };
  const count = async (statement: string): Promise<number> => Number((await plane.sql(statement))[0]?.["n"] ?? 0);
  const refused = (): Promise<number> => count("SELECT count(*) AS n FROM pons_refusals");
  const written = (): Promise<number> => count("SELECT count(*) AS n FROM pons_journal");
  const metered = (): Promise<number> => count("SELECT sum(calls) AS n FROM pons_traffic WHERE channel = 'soap'");
  const usage = async (): Promise<unknown> => (await plane.admin("POST", "/usage", { app, environment: "sandbox" }))["total"];

  test(`SECURITY 7: ${probes} questions without credentials are no failed attempts, no usage and no refusals; who then shows them is admitted`, async () => {
    const before = [await refused(), await written(), await metered()];
    const answers = await Promise.all(Array.from({ length: probes }, (_, index) => push(`probe ${index}`)));
    expect([...new Set(answers)]).toEqual([`401 unauthenticated ${challenge}`]);
    // What is recorded is written a little later: at the latest with what comes now.
    expect(await push("A-1", secret)).toBe("200 1");
    // Not the failure after a hundred, but the first: it is refused for what it is.
    expect(await push("A-1", "wrong")).toBe(`401 invalid_credentials ${challenge}`);
    expect(await push("A-2", secret)).toBe("200 2");
    for (let wait = 0; wait < 100 && (await refused()) === before[0]; wait++) await Bun.sleep(50);
    expect([await refused(), await written()]).toEqual([Number(before[0]) + 1, Number(before[1]) + 2]);
    for (let wait = 0; wait < 100 && (await metered()) < 2; wait++) await Bun.sleep(50);
    expect((await metered()) - Number(before[2])).toBeLessThanOrEqual(3);
    expect(await usage()).toEqual({ calls: 2, errors: 0, units: 2 });
  });

  test("what the day has left is what was left before: probes have used up nothing", async () => {
    await Promise.all(Array.from({ length: 10 }, () => push("B-1")));
    expect(await push("B-1", secret)).toBe("200 3");
    expect(await push("B-2", secret)).toMatch(/ (?:quota_exceeded|rate_limited|too_many_requests)/);
    // The limit is the app's: who asks without credentials is still told how to show them.
    expect(await push("B-3")).toBe(`401 unauthenticated ${challenge}`);
  });
});
