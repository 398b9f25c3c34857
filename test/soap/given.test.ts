/** Messages that a definition gives: names, order, types, units, lists, what stands for null, refusals in band; and definitions that do not fit. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { command, query, renamed, resource, service, type SoapDefinition, t, version } from "pons";
import { compile, DefinitionError } from "../../src/contract/index.ts";
import { testDatabases } from "../postgres/index.ts";
import delivery from "./delivery.ts";
import { Description, envelopes, type Part } from "./description.ts";
import { serve, type Served } from "./served.ts";

const [sqlite] = testDatabases();
const ns = "http://delivery.example/";
const path = "/delivery/v1/soap";

let served: Served;
let description: Description;
let key: string;
beforeAll(async () => {
  served = await serve(await (sqlite as NonNullable<typeof sqlite>).create(), [delivery]);
  description = new Description(await (await served.ask(`${path}?wsdl`)).text());
  key = await served.key("shop");
});
afterAll(async () => {
  description[Symbol.dispose]();
  expect(served.errors).toEqual([]);
  await served[Symbol.asyncDispose]();
});

const send = async (
  operation: string,
  inside: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> => {
  const response = await served.ask(path, {
    method: "POST",
    headers: { "content-type": "text/xml; charset=utf-8", authorization: `Bearer ${key}`, ...headers },
    body: `<e:Envelope xmlns:e="${envelopes["1.1"]}"><e:Body><${operation} xmlns="${ns}">${inside}</${operation}></e:Body></e:Envelope>`,
  });
  const answered = description.answer(await response.text());
  return answered.kind === "answer" ? answered.record : { ...answered.refusal, fault: answered.code, reason: answered.reason };
};

const shown = (parts: readonly Part[] | undefined): string =>
  (parts ?? [])
    .map(
      ({ name, type, inner, isRepeated, isOptional, isNillable }) =>
        `${name}: ${type ?? `{${shown(inner)}}`}${isRepeated ? "[]" : ""}${isOptional && !isRepeated ? "?" : ""}${isNillable ? " nil" : ""}`,
    )
    .join(", ");

const goods = (length: string, width: string, height: string, weight: string, quantity: string): string =>
  `<DimensionsList><Length>${length}</Length><Width>${width}</Width><Height>${height}</Height><Weight>${weight}</Weight><Qty>${quantity}</Qty></DimensionsList>`;
const golden = goods("0.13", "0.1", "0.001", "0.1", "2") + goods("0.1331", "0.0998", "0.0788", "0.575", "1");
const parcel = { return: true, Length: "0.1331", Width: "0.1", Height: "0.0808", Weight: "0.775", Comment: "" };

describe("the description", () => {
  test("has the operations that are listed, with their elements in order, and no value type that may be absent or nil", () => {
    expect([...description.methods.keys()]).toEqual(["CheckDimensions", "PushOrder", "GetTrackNumbers", "Echo"]);
    expect(shown(description.elements.get("CheckDimensions"))).toBe("DimensionsList: tns:Dimensions[]");
    expect(shown(description.elements.get("CheckDimensionsResponse"))).toBe(
      "return: xs:boolean, Length: xs:float, Width: xs:float, Height: xs:float, Weight: xs:float, Comment: xs:string",
    );
    expect(shown(description.types.get("tns:Dimensions"))).toBe(
      "Length: xs:float, Width: xs:float, Height: xs:float, Weight: xs:float, Qty: xs:int",
    );
    expect(shown(description.elements.get("PushOrder"))).toBe(
      "ID: xs:string, Number: xs:string, Date: xs:dateTime, Customer: tns:Customer, DeclaredCost: xs:float, AmountToBePaid: xs:float, TypeOfSeal: xs:byte, " +
        "SturdyPackaging: xs:boolean, Activity: xs:boolean, Goods: tns:Goods[], DeliveryDate: xs:dateTime, StartTimeDelivery: xs:int, Comment: xs:string?",
    );
    expect(shown(description.types.get("tns:Goods"))).toBe(
      "SKU: xs:string, Name: xs:string?, Length: xs:float, Width: xs:float, Height: xs:float, Weight: xs:float, Qty: xs:int, Price: xs:float, VATRate: xs:string?",
    );
    expect(shown(description.elements.get("PushOrderResponse"))).toBe("return: xs:long");
    expect(shown(description.elements.get("GetTrackNumbersResponse"))).toBe(
      "return: xs:dateTime, TrackNumbers: tns:TrackNumber[]",
    );
    expect(shown(description.elements.get("EchoResponse"))).toBe("IDs: xs:string[], Flags: {Flag: xs:long[]}?, Code: xs:string");
    expect(description.text).toContain('<wsdl:service name="Delivery">');
    expect(description.text).not.toMatch(/<xs:import|<xs:include|schemaLocation|<wsdl:import/);
    const action = description.methods.get("CheckDimensions")?.action;
    expect(action).toBe("http://delivery.example/CheckDimensions");
  });
});

describe("values", () => {
  test("the golden case; numbers as clients of single precision write them", async () => {
    expect(await send("CheckDimensions", golden)).toEqual(parcel);
    const single =
      goods("0.129999995", "1.00000001E-1", "1e-3", "0.100000001", "2") +
      goods("0.133100003", "9.98e-2", "7.88E-2", "0.574999988", "+01");
    expect(await send("CheckDimensions", single)).toEqual(parcel);
    expect(await send("CheckDimensions", golden.replaceAll(">0.1<", "> .10\n<"))).toEqual(parcel);
  });

  test("what is no number, or too much, is a fault that names the element", async () => {
    for (const length of ["NaN", "INF", "1,5", "0x1", "1e999", "", "０.1", "-0", "0.00004", "1e9"]) {
      const told = await send("CheckDimensions", goods(length, "0.1", "0.1", "1", "1"));
      expect([length, told["type"], (told["issue"] as { field: string }[] | undefined)?.[0]?.field]).toEqual([
        length,
        "validation_failed",
        "DimensionsList.0.Length",
      ]);
    }
    const many = await send("CheckDimensions", "");
    expect([many["type"], (many["issue"] as { field: string }[])[0]?.field]).toEqual(["validation_failed", "DimensionsList"]);
  });

  test("what is wrong is told in the units of the message, in the caller's language", async () => {
    const told = async (length: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> =>
      (await send("CheckDimensions", goods(length, "0.1", "0.1", "1", "1"), headers))["issue"];
    const issue = (message: string): unknown => [{ field: "DimensionsList.0.Length", message: [message] }];
    expect(await told("1300")).toEqual(issue("The goods 1 length must be at most 10."));
    expect(await told("0.00004")).toEqual(issue("The goods 1 length must be at least 0.0001."));
    expect(await told("0.00004", { "accept-language": "de" })).toEqual(
      issue("Das Feld „goods 1 length“ muss mindestens 0,0001 betragen."),
    );
    expect(await told("long")).toEqual(issue("The goods 1 length must be a number."));
    const strange = await send("CheckDimensions", "<DimensionsList><Lenght>1</Lenght></DimensionsList>");
    expect(strange["issue"]).toContainEqual({
      field: "DimensionsList.0.Lenght",
      message: ["There is no field “DimensionsList.0.Lenght” here."],
    });
  });

  test("the fault's reason says what is wrong with single values, as far as it has room", async () => {
    const one = await send("CheckDimensions", goods("1300", "0.1", "0.1", "1", "1"));
    expect([one["reason"], one["message"]]).toEqual([
      "Validation failed: The goods 1 length must be at most 10.",
      "Validation failed",
    ]);
    const many = await send("CheckDimensions", goods("1300", "1300", "1300", "1", "1").repeat(30));
    const reason = String(many["reason"]);
    expect([reason.length, reason.endsWith("…"), (many["issue"] as unknown[]).length]).toEqual([500, true, 90]);
    expect((await send("PushOrder", "<ID>1</ID>"))["reason"]).toMatch(/^Validation failed: The \w+ must not be empty\. The /);
  });

  test("a refusal in band: the values that the definition gives, the message in the caller's language, facts under their fields' names", async () => {
    const heavy = goods("0.1", "0.1", "0.1", "10.0005", "4");
    const told = {
      return: false,
      Length: "0.1",
      Width: "0.1",
      Height: "0.4",
      Weight: "40.004",
      Comment: "The weight is exceeded by 10,004 g.",
    };
    expect(await send("CheckDimensions", heavy)).toEqual(told);
    expect(await send("CheckDimensions", heavy, { "accept-language": "de" })).toMatchObject({
      Comment: "Das Gewicht ist um 10.004 g zu hoch.",
    });
  });

  const order = (more: Readonly<Record<string, string>> = {}): string => {
    const parts: Record<string, string> = {
      ID: "A-1",
      Number: "N-1",
      Date: "2026-01-31T09:30:00",
      Customer:
        "<ID>C-1</ID><Name>Ada</Name><Address><Index>10115</Index><City>Berlin</City><Street>Chausseestraße</Street></Address>",
      DeclaredCost: "12.5",
      AmountToBePaid: "0",
      TypeOfSeal: "1",
      SturdyPackaging: "1",
      Activity: "true",
      Goods:
        "<SKU>S</SKU><Length>0.1</Length><Width>0.1</Width><Height>0.1</Height><Weight>1</Weight><Qty>1</Qty><Price>9.99</Price>",
      DeliveryDate: "0001-01-01T00:00:00",
      StartTimeDelivery: "0",
      ...more,
    };
    return Object.entries(parts)
      .map(([name, value]) => (value === "absent" ? "" : `<${name}>${value}</${name}>`))
      .join("");
  };
  const row = async (): Promise<Record<string, unknown>> => {
    const list = await served.ask("/delivery/v1/orders?externalId=A-1", { headers: { authorization: `Bearer ${key}` } });
    return ((await list.json()) as { data: Record<string, unknown>[] }).data[0] ?? {};
  };

  test("a moment without an offset has the service's; what stands for null is null; the same again is the same", async () => {
    const first = await send("PushOrder", order());
    expect(Number(first["return"])).toBeGreaterThan(0);
    expect(await send("PushOrder", order())).toEqual(first);
    expect(await row()).toMatchObject({
      placedAt: "2026-01-31T09:30:00.000Z",
      declaredCost: 1250,
      deliverOn: null,
      earliest: null,
      isSturdy: true,
      comment: null,
    });
    await send(
      "PushOrder",
      order({
        Date: "2026-01-31T09:30:00.5+03:00",
        DeliveryDate: "2026-02-01T00:00:00Z",
        StartTimeDelivery: "9",
        Comment: "Ring <twice>".replace("<", "&lt;").replace(">", "&gt;"),
        DeclaredCost: "0.005",
      }),
    );
    expect(await row()).toMatchObject({
      placedAt: "2026-01-31T06:30:00.500Z",
      deliverOn: "2026-02-01T00:00:00.000Z",
      earliest: 9,
      comment: "Ring <twice>",
      declaredCost: 1,
    });
    await send("PushOrder", order({ DeliveryDate: "0001-01-01T00:00:00Z", StartTimeDelivery: "00" }));
    expect(await row()).toMatchObject({ deliverOn: null, earliest: null });
  });

  test("what must be given is missed by its element's name; a conflict is a fault with the code in its detail", async () => {
    const told = await send(
      "PushOrder",
      order({ Number: "absent", TypeOfSeal: "4", Customer: "<ID>C</ID><Address><Index>1</Index></Address>" }),
    );
    expect((told["issue"] as { field: string }[]).map(({ field }) => field).toSorted()).toEqual([
      "Customer.Address.City",
      "Customer.Address.Street",
      "Customer.Name",
      "Number",
      "TypeOfSeal",
    ]);
    expect(await send("PushOrder", order({ Number: "LOCKED" }))).toMatchObject({
      type: "order_locked",
      fault: "soap:Client",
      status: 409,
    });
  });

  test("fields are not reached under names that are not given", async () => {
    expect(await send("PushOrder", `${order()}<externalId>B</externalId>`)).toMatchObject({ type: "invalid_body" });
    expect(await send("PushOrder", `${order()}<isActive>false</isActive>`)).toMatchObject({ type: "invalid_body" });
    expect(await send("PushOrder", `${order()}<serial>7</serial>`)).toMatchObject({ type: "validation_failed" });
  });

  test("moments, null texts and lists come back", async () => {
    expect(await send("GetTrackNumbers", "<DateOfLastGetting>2026-01-31T09:30:00.123</DateOfLastGetting>")).toEqual({
      return: "2026-01-31T09:30:00.123Z",
      TrackNumbers: [
        { OrderID: "A-1", Number: "RR123456785XX", Activity: true },
        { OrderID: "A-2", Activity: false },
      ],
    } as never);
    expect(await send("Echo", "<IDs>a</IDs><IDs/><Flags><Flag>1</Flag><Flag>-2</Flag></Flags>")).toEqual({
      IDs: ["a", ""],
      Flags: [1, -2],
      Code: "ok",
    });
    expect(await send("Echo", "<Flags/>")).toEqual({ Flags: [], Code: "ok" });
    expect(await send("Echo", "<IDs>a</IDs>")).toEqual({ IDs: ["a"], Code: "ok" });
  });
});

test("an operation whose elements are given is the same in every version; the others speak their version's words", async () => {
  const parcels = service("parcels", {
    doc: "Parcels.",
    version: "v2",
    roles: { clerk: "A clerk." },
    resources: [
      resource("parcels", { doc: "Parcels.", fields: { id: t.id("prc"), label: t.string(), grams: t.integer() } }, ({ all }) => ({
        rows: { clerk: all },
        access: { create: ["clerk"] },
      })),
    ],
    older: [version("v1", { changes: [renamed("parcels", { from: "title", to: "label" })] })],
    soap: {
      namespace: "urn:parcels:{version}",
      operations: {
        "parcels.create": {
          name: "Post",
          input: ["Label", { name: "Kilograms", field: "grams", type: "decimal", scale: 3 }],
          output: [{ name: "return", field: "id" }, "Label"],
        },
      },
    },
  });
  await using both = await serve(await (sqlite as NonNullable<typeof sqlite>).create(), [parcels]);
  const clerk = await both.key("clerk");
  for (const name of ["v1", "v2"]) {
    const address = `/parcels/${name}/soap`;
    using described = new Description(await (await both.ask(`${address}?wsdl`)).text());
    const call = async (inside: string): Promise<Record<string, unknown>> => {
      const response = await both.ask(address, {
        method: "POST",
        headers: { "content-type": "text/xml", authorization: `Bearer ${clerk}` },
        body: `<e:Envelope xmlns:e="${envelopes["1.1"]}"><e:Body>${inside}</e:Body></e:Envelope>`,
      });
      const answered = described.answer(await response.text());
      return answered.kind === "answer" ? answered.record : { fault: answered.refusal };
    };
    expect(described.namespace).toBe(`urn:parcels:${name}`);
    const posted = await call(`<Post xmlns="urn:parcels:${name}"><Label>L</Label><Kilograms>1.25</Kilograms></Post>`);
    expect(posted).toEqual({ return: expect.stringMatching(/^prc_/) as string, Label: "L" });
    const { parcel } = await call(`<GetParcel xmlns="urn:parcels:${name}"><id>${String(posted["return"])}</id></GetParcel>`);
    expect(parcel).toEqual({ id: posted["return"], [name === "v1" ? "title" : "label"]: "L", grams: 1250 });
    const wrong = await call(`<Post xmlns="urn:parcels:${name}"><Label>L</Label><Kilograms>1.2505</Kilograms></Post>`);
    expect((wrong["fault"] as { issue: { field: string }[] }).issue[0]?.field).toBe("Kilograms");
  }
  expect(both.errors).toEqual([]);
});

describe("a definition that does not fit is refused, with every problem", () => {
  const made = (soap: SoapDefinition) =>
    service("depot", {
      doc: "A depot.",
      version: "v1",
      roles: { clerk: "A clerk." },
      resources: [
        resource(
          "boxes",
          {
            doc: "Boxes.",
            fields: {
              id: t.id("box"),
              name: t.string(),
              size: t.object({ width: t.integer() }),
              code: t.string({ read: ["clerk"], mask: "last4" }),
            },
          },
          ({ all }) => ({
            rows: { clerk: all },
            access: { create: ["clerk"], update: ["clerk"] },
          }),
        ),
      ],
      operations: {
        weigh: query({
          doc: "Weighs.",
          roles: ["clerk"],
          input: {
            grams: t.integer(),
            note: t.string({ optional: true }),
            lists: t.array(t.array(t.integer()), { optional: true }),
          },
          output: { ok: t.boolean(), at: t.dateTime() },
          run: () => ({ ok: true, at: "2026-01-01T00:00:00.000Z" }),
        }),
        clear: command({ doc: "Clears.", roles: ["clerk"], output: "none", run: () => undefined }),
      },
      soap,
    });
  const problemsOf = (soap: SoapDefinition): readonly string[] => {
    try {
      compile(made(soap));
      return [];
    } catch (error) {
      if (error instanceof DefinitionError) return error.problems.map((problem) => problem.replace(/^soap: /, ""));
      throw error;
    }
  };
  const weigh = (operation: NonNullable<SoapDefinition["operations"]>[string]): SoapDefinition => ({
    operations: { weigh: operation },
  });

  const cases: readonly (readonly [soap: SoapDefinition, problem: string])[] = [
    [{ name: "a b" }, 'name: "a b" is no name in XML'],
    [{ namespace: "not a uri" }, "namespace: is no URI"],
    [{ namespace: 'urn:"x"' }, "namespace: is no URI"],
    [{ offset: "3" }, "offset: is none, such as +01:00"],
    [{ operations: { nothing: {} } }, "nothing: there is no such operation"],
    [{ operations: { weigh: { name: "Clear" }, clear: { name: "Clear" } } }, 'clear: "Clear" is the name of another operation'],
    [
      { operations: { weigh: { name: "X" }, clear: { name: "XResponse" } } },
      '"XResponse" is an operation, and the answer of another',
    ],
    [weigh({ name: "xmlWeigh" }), 'weigh: "xmlWeigh" is no name in XML'],
    [weigh({ input: ["Note"] }), "weigh input: no element holds grams, without which no call can succeed"],
    [weigh({ input: ["Grams", "Weight"] }), 'weigh input: element "Weight" stands for no field (fields: grams, note, lists)'],
    [weigh({ input: ["Grams", "Grams"] }), 'weigh input: element "Grams" stands twice'],
    [weigh({ input: ["Grams", { name: "G", field: "grams" }] }), 'weigh input: element "G" holds "grams" once more'],
    [
      weigh({ input: [{ name: "Grams", value: 1 }] }),
      'weigh input: element "Grams" has `value` or `refused`, which only elements of answers have',
    ],
    [
      weigh({ input: [{ name: "Grams", type: "boolean" }] }),
      'weigh input: element "Grams" cannot be of the type boolean: its field is integer',
    ],
    [weigh({ input: [{ name: "Grams", type: "Weight" }] }), 'weigh input: element "Grams" is of an unknown type "Weight"'],
    [
      weigh({ input: [{ name: "Grams", scale: 3 }] }),
      'weigh input: element "Grams" has a scale, so it needs a type: decimal, float or double',
    ],
    [
      weigh({ input: [{ name: "Grams", type: "int", scale: 3 }] }),
      'weigh input: element "Grams" cannot be of the type int: its field is integer',
    ],
    [
      weigh({ input: [{ name: "Grams", type: "float", scale: 19 }] }),
      'weigh input: element "Grams" has a scale that is none from 0 to 18',
    ],
    [weigh({ input: ["Grams", "Lists"] }), 'weigh input: element "Lists" holds a list of lists, which has no form here'],
    [
      weigh({ output: [{ name: "At", type: "date" }] }),
      'weigh output: element "At" cannot be of the type date: its field is dateTime',
    ],
    [weigh({ inBand: ["too_heavy"] }), 'weigh: "too_heavy" is none of its refusals'],
    [
      { operations: { "boxes.list": { input: ["Page"] } } },
      "boxes.list: a read of rows has elements of its own for what is asked",
    ],
    [
      { operations: { "boxes.list": { output: ["Name"] } } },
      "boxes.list output: only an answer of fields or of one row may have elements of its own",
    ],
    [
      { operations: { "boxes.update": { input: ["Name"] } } },
      "boxes.update input: no element holds id, without which no call can succeed",
    ],
    [
      { operations: { "boxes.get": { output: [{ name: "Code", type: "int" }] } } },
      'boxes.get output: element "Code" has a mask, so it is a string',
    ],
    [
      {
        types: { Size: ["Height"] },
        operations: { "boxes.create": { input: ["Name", "Code", { name: "Size", type: "Size" }] } },
      },
      'type Size: element "Height" stands for no field (fields: width)',
    ],
    [
      { types: { Size: ["Width"] }, operations: { "boxes.create": { input: [{ name: "Name", type: "Size" }, "Code", "Size"] } } },
      'boxes.create input: element "Name" is of the type "Size", but its field is no object',
    ],
  ];
  for (const [soap, problem] of cases) {
    test(problem, () => {
      expect(problemsOf(soap)).toContain(problem);
    });
  }

  test("one that fits", () => {
    expect(
      problemsOf({
        types: { Size: ["Width"] },
        operations: {
          weigh: {
            name: "Weigh",
            input: [{ name: "Kilograms", field: "grams", type: "decimal", scale: 3 }, "Note"],
            output: ["OK", "At"],
            inBand: ["internal"],
          },
          "boxes.update": { input: ["ID", "Name", { name: "Size", type: "Size" }], output: [{ name: "return", field: "id" }] },
          clear: { output: [{ name: "Done", value: true }] },
        },
      }),
    ).toEqual([]);
  });
});
