/**
 * Shops by clients that other languages' tools generate from the WSDL of the running server: each makes all eight calls, and the house does its part between
 * two runs of it. What they show as credentials is the demo's Basic login.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sampleTariff } from "../../services/delivery/sample/index.ts";
import { blocksOf } from "../docs/markdown.ts";
import { root, startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { type Program, programs, programTest, run } from "../soap/programs.ts";

const minute = 60_000;
const here = join(import.meta.dir, "clients");
/** Kilograms that no way of delivery takes. */
const tooHeavy = (Math.max(...sampleTariff.services.map(({ limits }) => limits.weightMax)) + 1_500) / 1_000;

let folder: TemporaryFolder;
let server: TestServer;
let path: string;
let user = "";
let password = "";

beforeAll(async () => {
  folder = new TemporaryFolder();
  const services = ["bank", "delivery"].map((name) => join(root, "services", name));
  server = await startServer({ data: folder.at("data"), services });
  path = `${server.facts.baseUrl}/delivery/v1/soap`;
  ({ user = "", password = "" } = server.facts.demo?.basic ?? {});
  // The house binds numbers itself here: a carrier would give others, at moments of its own.
  for (const { id } of await rows("/carriers")) {
    const off = await server.fetch(`/delivery/v1/carriers/${String(id)}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ enabled: false }),
    });
    if (!off.ok) throw new Error(await off.text());
  }
}, minute);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

type Data = Readonly<Record<string, unknown>>;

const rows = (address: string): Promise<readonly Data[]> => server.data(`/delivery/v1${address}`);

const act = async (address: string, body: object): Promise<Data> => {
  const response = await server.post(`/delivery/v1${address}`, body);
  const answer = (await response.json()) as { data: Data };
  if (!response.ok) throw new Error(`${address}: ${JSON.stringify(answer)}`);
  return answer.data;
};

/** Numbers of an order: one, and the one that takes its place. */
const numbersOf = (order: string): readonly [string, string] => [`RR-${order}-1`, `RR-${order}-2`];

/** What the house does once the parcel is listed: binds a number and another one, hands it over, tells that it arrived, bills it. */
const handOver = async (order: string): Promise<void> => {
  const [row] = await rows(`/orders?externalId=${order}`);
  for (const number of numbersOf(order)) await act(`/orders/${String(row?.["id"])}/bindNumber`, { number });
  const [manifest] = await rows(`/manifests?externalId=M%20${order}`);
  await act(`/manifests/${String(manifest?.["id"])}/handOver`, {});
  await act(`/orders/${String(row?.["id"])}/advance`, { state: "delivered", comment: "Left with a neighbour" });
  const period = { begin: "2020-01-01T00:00:00Z", end: "2199-01-01T00:00:00Z" };
  const isBilled = async (): Promise<boolean> => {
    const { items } = await act("/billingEntries/between", period);
    return (items as readonly Data[]).some((item) => item["externalId"] === order);
  };
  const lastMs = Date.now() + minute;
  while (!(await isBilled())) {
    if (Date.now() > lastMs) throw new Error(`${order} was not billed`);
    await Bun.sleep(50);
  }
};

interface Placed {
  readonly offer: readonly [name: string, cost: number, preparing: number];
  readonly details: readonly [sum: number, areDescribed: boolean];
  readonly marks: readonly [numbers: string, states: string];
}

interface Followed {
  readonly billed: readonly (readonly [service: string, cents: number])[];
}

/** The story of one shop. */
const tellStory = async (
  order: string,
  /** The client, but for what it is asked. */
  command: readonly string[],
  { cwd = here, faultCode = "Client" }: { readonly cwd?: string; readonly faultCode?: "Client" | "Sender" } = {},
): Promise<void> => {
  const ask = async <T>(...more: readonly string[]): Promise<T> =>
    JSON.parse(await run([...command, order, ...more], { cwd })) as T;
  const placed = await ask<Placed>("place", String(tooHeavy));
  const text = expect.any(String) as never;
  const offer = [text, expect.any(Number) as never, expect.any(Number) as never] as const;
  expect(placed).toEqual({
    checked: [true, 0.1331, 0.1, 0.0808, 0.775, ""],
    refused: [false, "The weight is exceeded by 1,500 g."],
    offer,
    details: [expect.any(Number) as never, true],
    pushed: [true, true],
    listed: [true, true],
    fault: [faultCode, "order_locked", text],
    marks: [text, text],
  } as never);
  const [, cost, preparing] = placed.offer;
  expect(cost).toBeGreaterThan(preparing);
  expect(placed.details[0]).toBe(Math.round(preparing * 100));
  await handOver(order);
  const followed = await ask<Followed>("follow", ...placed.marks);
  const [former, number] = numbersOf(order);
  expect(followed).toEqual({
    numbers: [
      [order, former, false],
      [order, number, true],
    ],
    states: [
      [order, 40, "handed_over", false],
      [order, 70, "delivered", true],
    ],
    completed: ["delivered"],
    billed: expect.any(Array) as never,
    isLater: [true, true],
  } as never);
  // Billed is what was quoted, part by part.
  expect(followed.billed.reduce((sum, [, cents]) => sum + cents, 0)).toBe(Math.round(cost * 100));
};

const story = (program: Program, name: string, body: () => Promise<void>): void => programTest(program, name, body, 2 * minute);

story(programs.zeep, "by zeep", () =>
  tellStory("zeep", ["/usr/bin/python3", join(here, "shop.py"), `${path}?wsdl`, user, password]),
);

for (const [version, faultCode] of [
  ["1.1", "Client"],
  ["1.2", "Sender"],
] as const) {
  story(programs.php, `by PHP, SOAP ${version}`, () =>
    tellStory(`php-${faultCode}`, ["php", join(here, "shop.php"), `${path}?wsdl`, user, password, version], { faultCode }),
  );
}

story(programs.mono, "by .NET's tool, which asks without credentials before it shows them", async () => {
  const at = { cwd: folder.path };
  await Bun.write(folder.at("delivery.wsdl"), await (await fetch(`${path}?wsdl`)).text());
  await run(["wsdl", "-out:Delivery.cs", "delivery.wsdl"], at);
  const source = await Bun.file(folder.at("Delivery.cs")).text();
  const plain = source
    .replace(/\[System[^\]]*\]\s*/g, "")
    .replace(/\s+/g, " ")
    .replaceAll("( ", "(");
  const signature = (name: string): string => new RegExp(`public (\\S+ ${name}\\([^)]*\\)) \\{`).exec(plain)?.[1] ?? "";
  expect(operations.map(([name]) => signature(name))).toEqual(operations.map(([name, rest]) => rest.replace("_", name)));
  await run(["mcs", "-out:shop.exe", "-r:System.Web.Services", join(here, "shop.cs"), "Delivery.cs"], at);
  await tellStory("mono", ["mono", "shop.exe", path, user, password], { cwd: folder.path });
});

/** What .NET's tool makes of each operation: `_` stands for its name. */
const operations: readonly (readonly [name: string, signature: string])[] = [
  [
    "CheckDimensions",
    "bool _(Dimensions[] DimensionsList, out float Length, out float Width, out float Height, out float Weight, out string Comment)",
  ],
  [
    "CalculateShippingCost",
    "long _(string OrderNumber, float DeclaredCost, Goods[] Goods, Address Address, sbyte TypeOfSeal, bool SturdyPackaging, bool CashOnDelivery, out DeliveryType[] Types, out string Comments)",
  ],
  ["GetDetailsOfCost", "DetailsOfCost[] _(long ID, int TypeId)"],
  [
    "PushOrder",
    "long _(string ID, string Number, System.DateTime Date, Customer Customer, float DeclaredCost, float AmountToBePaid, int DeliveryTypeId, sbyte TypeOfSeal, bool SturdyPackaging, bool Activity, Goods[] Goods, System.DateTime DeliveryDate, int StartTimeDelivery, int EndTimeDelivery, string Comment, string ShipperId, string Marker)",
  ],
  ["PushReestr", "long _(string ID, string Number, System.DateTime Date, System.DateTime DateOfShipment, string[] IDs)"],
  ["GetTrackNumbers", "System.DateTime _(System.DateTime DateOfLastGetting, out TrackNumber[] TrackNumbers)"],
  [
    "GetStatusesOrders",
    "System.DateTime _(System.DateTime DateOfLastGetting, bool OnlyCompleted, out StatusOrder[] StatusesOrders)",
  ],
  ["GetBillingData", "BillingItem[] _(System.DateTime BeginDate, System.DateTime EndDate)"],
];

test("the same login calls the bank over SOAP, and both over REST", async () => {
  const headers = { authorization: `Basic ${btoa(`${user}:${password}`)}` };
  const response = await fetch(`${server.facts.baseUrl}/bank/v2/soap`, {
    method: "POST",
    headers: { ...headers, "content-type": "text/xml" },
    body: '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><CountAccounts xmlns="urn:pons:bank:v2"/></Body></Envelope>',
  });
  expect([response.status, /<count>(\d+)/.exec(await response.text())?.[1]]).toEqual([200, "300"]);
  for (const address of ["/bank/v2/customers?perPage=1", "/delivery/v1/orders?perPage=1"])
    expect((await fetch(`${server.facts.baseUrl}${address}`, { headers })).status).toBe(200);
  const wrong = { ...headers, authorization: `Basic ${btoa(`${user.split("/")[0]}:${password}x`)}` };
  expect((await fetch(`${server.facts.baseUrl}/bank/v2/customers`, { headers: wrong })).status).toBe(401);
});

/** The guide's program of a language, as it stands. */
const ofGuide = async (language: string): Promise<string> => {
  const guide = await Bun.file(join(root, "docs", "guide", "delivery.md")).text();
  return blocksOf(guide).find((block) => block.language === language)?.text ?? "";
};

story(programs.zeep, "the guide's lines for zeep do what they say", async () => {
  const program = `${await ofGuide("python")}\nprint(parcel["return"], order > 200, register > 1, [one.OrderID for one in news.StatusesOrders].count("P-118"))`;
  expect(await run(["/usr/bin/python3", "-W", "ignore", "-c", program], { cwd: folder.path })).toBe("True True True 2\n");
});

story(programs.php, "the guide's lines for PHP do what they say", async () => {
  expect(await run(["php", "-r", await ofGuide("php")], { cwd: folder.path })).toMatch(/^1 0\.\d+ $/);
});
