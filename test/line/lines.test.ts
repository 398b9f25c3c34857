/** What is said over the line protocol, and what is answered. SQLite only: the pipeline behind it is the same as everywhere. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Harbour, openHarbour } from "./harbour.ts";
import type { LineClient } from "./client.ts";

let harbour: Harbour;
let keeper: LineClient;
beforeAll(async () => {
  harbour = await openHarbour();
  keeper = await harbour.client("keeper");
});
afterAll(async () => {
  expect(harbour.errors.map(String)).toEqual(["Error: broken inside"]);
  await harbour[Symbol.asyncDispose]();
});

/** Without what differs each time. */
const neutral = (text: string): string =>
  text
    .replaceAll(/@RequestId:[^,\n]*/g, "@RequestId:(id)")
    .replaceAll(/box_[0-9A-Z]{26}/g, "(box)")
    .replaceAll(/@ETag:[0-9a-f]+/g, "@ETag:(tag)");
const ask = async (line: string, client = keeper): Promise<string> => neutral((await client.ask(line)).text);
const idOf = async (line: string): Promise<string> => {
  const { last } = await keeper.ask(line);
  const id = last.pairs.find(([title]) => title === "Id")?.[1];
  if (id === undefined || id === null) throw new Error(last.text);
  return id;
};

describe("requests", () => {
  test("a row's life: every kind of field there and back", async () => {
    const made = await ask(
      'Operation:boxes.create,@Tag:t1,Name:"Two, with ""quotes"'.replace('""', '\\"\\"') +
        ',Price:9007199254740993,Volume:1.250,IsFull:true,CheckedOn:2026-02-03,SeenAt:2026-02-03T04:05:06Z,Note:"Two\\nlines",Tags:a,Tags:"b,c",Tags:"",Place.Hall:North,Place.Shelf:3,Parts.1.Sku:x,Parts.1.Amount:2,Parts.1.Marks:m,Parts.2.Sku:y,Parts.2.Amount:1,Extra:"{\\"a\\":[1,null,\\"x\\"]}",Seal:AQID',
    );
    expect(made).toBe(
      'Status:ok,@Tag:t1,@ETag:(tag),Id:(box),Name:"Two, with \\"\\"quotes",Weight:1,Price:9007199254740993,Currency:EUR,Volume:1.25,IsFull:true,State:here,CheckedOn:2026-02-03,SeenAt:2026-02-03T04:05:06.000Z,Note:"Two\\nlines",Tags:a,Tags:"b,c",Tags:"",Place.Hall:North,Place.Shelf:3,Parts.1.Sku:x,Parts.1.Amount:2,Parts.1.Marks:m,Parts.2.Sku:y,Parts.2.Amount:1,Parts.2.Marks:,Extra:"{\\"a\\":[1,null,\\"x\\"]}",Seal:AQID,Inside:,Cost:,Language:,Edition:1',
    );
  });

  test("absent, null, empty text, empty list are four things", async () => {
    const id = await idOf("Operation:boxes.create,Name:Empty,Note:x,Tags:a,Place.Hall:h");
    expect(await ask(`Operation:boxes.update,Id:${id},Tags:[]`)).toContain(",Note:x,Tags:[],Place.Hall:h,");
    expect(await ask(`Operation:boxes.update,Id:${id},Note:,Tags:`)).toContain(",Note:,Tags:,");
    expect(await ask(`Operation:boxes.update,Id:${id},Note:"",Tags:"[]"`)).toContain(',Note:"",Tags:"[]",');
    expect(await ask(`Operation:boxes.update,Id:${id},Place:`)).toContain(",Place:,");
    expect(await ask(`Operation:boxes.delete,Id:${id}`)).toBe("Status:ok");
    expect(await ask(`Operation:boxes.get,Box:${id}`)).toStartWith("Error:not_found,@RequestId:(id),Message:");
  });

  test("titles and spaces: case does not count, spaces around values are none of them", async () => {
    expect(await ask("  operation : boxes.create , NAME :   Spaced out   , weight:5 ,")).toStartWith("Error:invalid_request");
    expect(await ask("  operation : boxes.create , NAME :   Spaced out   , weight:5  ")).toContain(",Name:Spaced out,Weight:5,");
  });

  test("words of the definition: command, titles, order", async () => {
    const id = await idOf("Operation:boxes.create,Name:Worded,Weight:70");
    expect(await ask(`Operation:SHOW,Box:${id}`)).toStartWith("Status:ok,@ETag:(tag),Name:Worded,Grams:70,Box:(box),Price:0,");
    expect(await ask(`Operation:show,box:${id}`)).toStartWith("Status:ok,@ETag:(tag),Name:Worded,");
    expect(await ask(`Operation:WEIGH,Box:${id},Grams:80`)).toContain(",Name:Worded,Grams:80,");
    expect(await ask(`Operation:boxes.weigh,Box:${id},Grams:-1`)).toMatch(
      /,Column:\d+,Field:Grams,Problem:The weight must be at least 0\.$/,
    );
    expect(await ask(`Operation:WEIGH,Id:${id},Grams:80`)).toMatch(/Field:Box,Problem:The id must not be empty/);
  });

  test("lists: a line for each row, then one that says how many there are", async () => {
    await ask("Operation:boxes.create,Name:List a,Weight:1,Tags:l");
    await ask("Operation:boxes.create,Name:List b,Weight:2,Language:de");
    await ask("Operation:boxes.create,Name:List c,Weight:3,Language:en");
    expect(await ask("Operation:boxes.list,@Tag:7,Name^=:List,Weight>=:2,@SortBy:Weight.desc,@Fields:Name,@Fields:Weight")).toBe(
      [
        "Row:1,@Tag:7,Name:List c,Weight:3",
        "Row:2,@Tag:7,Name:List b,Weight:2",
        "Status:ok,@Tag:7,@Rows:2,@TotalRecords:2,@TotalPages:1,@CurrentPage:1,@PerPage:10,@MaxPerPage:100",
      ].join("\n"),
    );
    const names = async (more: string): Promise<string[]> =>
      (await keeper.ask(`Operation:boxes.list,Name^=:List,@Fields:name,${more}`)).rows.map(({ pairs }) => String(pairs[1]?.[1]));
    expect(await names("Language:de")).toEqual(["List b"]);
    expect(await names("Language:")).toEqual(["List a"]);
    expect(await names("Language!=:")).toEqual(["List b", "List c"]);
    expect(await names("Language?:true")).toEqual(["List a"]);
    expect(await names('@SortBy:"weight.desc,name"')).toEqual(["List c", "List b", "List a"]);
    expect(await names("Weight:1,Weight:3")).toEqual(["List a", "List c"]);
    expect(await names('@Filters:"lighter(than:3)"')).toEqual(["List a", "List b"]);
    const first = await keeper.ask("Operation:boxes.list,Name^=:List,@PerPage:2,@Cursor:,@Fields:name");
    const cursor = first.last.pairs.find(([title]) => title === "@NextCursor")?.[1];
    expect(await names(`@PerPage:2,@Cursor:${String(cursor)}`)).toEqual(["List c"]);
    expect(await ask("Operation:boxes.list,Name:none")).toBe(
      "Status:ok,@Rows:0,@TotalRecords:0,@TotalPages:1,@CurrentPage:1,@PerPage:10,@MaxPerPage:100",
    );
  });

  test("counts, properties, statistics, related lists and rows, documents", async () => {
    const outer = await idOf("Operation:boxes.create,Name:Outer,Weight:9000");
    await ask(`Operation:boxes.create,Name:Inner,Inside:${outer}`);
    expect(await ask("Operation:boxes.count,Name:Outer")).toBe("Status:ok,Value:1");
    expect(await ask("Operation:boxes.property.heaviest")).toBe("Status:ok,Value:9000");
    expect(await ask("Operation:boxes.property.heaviest,Name:none")).toBe("Status:ok,Value:");
    expect(await ask("Operation:boxes.stats.byState,Name:Outer")).toBe("Row:1,State:here,Boxes:1,Weight:9000\nStatus:ok,@Rows:1");
    expect(await ask(`Operation:boxes.list,@Parent:boxes/${outer}/contents,@Fields:name`)).toStartWith("Row:1,Name:Inner\n");
    const inner = await ask("Operation:boxes.list,Name:Inner,@Include:inside,@Fields:name,@Fields:inside.name");
    expect(inner).toStartWith("Row:1,Name:Inner,Inside.Name:Outer\n");
    expect(await ask(`Operation:boxes.label,Id:${outer}`)).toBe(
      'Status:ok,MediaType:text/plain,Filename:label.txt,Encoding:text,Content:"Box:\\n\\"Outer\\", handle with care\\n"',
    );
  });

  test("an older version, named by the line or for all that follow", async () => {
    const client = await harbour.client("keeper");
    expect(await ask("Operation:boxes.create,@Version:v1,Title:Old", client)).toContain(",Title:Old,");
    expect(await ask("Use:,@Version:v1", client)).toBe("Status:ok");
    expect(await ask("Operation:boxes.list,Title:Old,@Fields:title", client)).toStartWith("Row:1,Title:Old\n");
    expect(await ask("Operation:boxes.list,@Version:v2,Name:Old,@Fields:name", client)).toStartWith("Row:1,Name:Old\n");
    expect(await ask("Use:,@Version:v9", client)).toMatch(/^Error:not_found,.*,Column:15/);
    expect(await ask("Operation:hours,@Service:nothing", client)).toMatch(
      /^Error:not_found,.*,Column:11,Problem:There is no such service or version\./,
    );
    expect(await ask("Operation:nothing", client)).toMatch(
      /^Error:not_found,.*,Column:11,Problem:There is no such operation of \w+ v\d+\./,
    );
  });
});

describe("refusals", () => {
  test("say in which column the wrong value stands", async () => {
    const line =
      "Operation:boxes.create,@Tag:9,Name:,Weight:heavy,Tags:ok,Tags:" +
      "x".repeat(50) +
      ",Parts.1.Amount:0,Nothing:5,State:lost";
    const { last } = await keeper.ask(line);
    const told = last.pairs.flatMap(([title, value], at) =>
      title === "Column" ? [[Number(value), last.pairs[at + 1]?.[1], last.pairs[at + 2]?.[1]]] : [],
    );
    const at = (text: string): number => line.indexOf(text) + 1;
    expect(told).toEqual([
      [at(",Weight"), "Name", "The name must not be empty."],
      [at("heavy"), "Weight", "The weight must be a whole number."],
      [at("x".repeat(50)), "Tags.2", "The tags 2 may have at most 40 characters."],
      [at("0,Nothing"), "Parts.1.Sku", "The parts 1 sku must not be empty."],
      [at("0,Nothing"), "Parts.1.Amount", "The parts 1 amount must be at least 1."],
      [at("5,State"), "Nothing", "There is no field “Nothing” here."],
      [at("lost"), "State", "The state must be one of: here, gone."],
    ]);
    expect(last.text).toStartWith("Error:validation_failed,@Tag:9,@RequestId:");
  });

  test("columns count characters, and what is missing is missed at the end", async () => {
    const line = "Operation:boxes.create,Note:😀 grüßt,Weight:x";
    const { last } = await keeper.ask(line);
    const columns = last.pairs.filter(([title]) => title === "Column").map(([, value]) => Number(value));
    expect(columns).toEqual([Array.from(line.slice(0, line.indexOf(":x"))).length + 2, [...line].length + 1]);
  });

  test.each([
    ["Operation:boxes.create,Name", 24, "Here a title and a colon are expected."],
    ['Operation:boxes.create,Name:"x', 29, "The quoted value does not end."],
    ["Hello:world", 1, "A line begins with Operation, Key, Login, Token, Use, Ping or Quit."],
    ["Operation:hours,@Nope:1", 23, "There is no @Nope."],
    ["Operation:hours,@Tag:1,@Tag:2", 29, "@Tag is there twice."],
    [`Operation:hours,@Tag:${"x".repeat(65)}`, 22, "A tag has at most 64 characters."],
  ])("%s is wrong at column %d", async (line, column, problem) => {
    const { last } = await keeper.ask(line);
    const find = (title: string): unknown => last.pairs.find(([one]) => one === title)?.[1];
    expect([last.first[1], find("Column"), find("Problem")]).toEqual(["invalid_request", String(column), problem]);
  });

  test("of pairs about the request that mean nothing here, and of conditions that cannot be read", async () => {
    const wrong = async (line: string): Promise<unknown[]> => {
      const { last } = await keeper.ask(line);
      return [last.first[1], ...["Column", "Field"].map((title) => last.pairs.find(([one]) => one === title)?.[1])];
    };
    expect(await wrong("Operation:hours,@Page:2")).toEqual(["validation_failed", "23", "Page"]);
    expect(await wrong("Operation:boxes.list,@Parent:x")).toEqual(["validation_failed", "30", "Parent"]);
    expect(await wrong("Operation:boxes.list,Weight>=:many")).toEqual(["validation_failed", "31", "Weight>="]);
    expect(await wrong("Operation:boxes.list,Weight>=:")).toEqual(["validation_failed", "31", "Weight>="]);
    expect(await wrong("Operation:boxes.delete,Id:box_1,Weight:1")).toEqual(["validation_failed", "40", "Weight"]);
    expect(await wrong("Operation:boxes.create,Name:a,Name:b")).toEqual(["validation_failed", "29", "Name"]);
    expect(await wrong("Operation:boxes.create,Name:a,Place:x,Place.Hall:y")).toEqual(["validation_failed", "37", "Place"]);
    expect(await wrong("Operation:boxes.create,Name:a,Parts.0.Sku:x")).toEqual(["validation_failed", "43", "Parts"]);
    expect(await wrong("Operation:boxes.create,Name:a,Parts.999999.Sku:x")).toEqual(["validation_failed", "48", "Parts"]);
    expect(await wrong('Operation:boxes.create,Name:a,Extra:"{"')).toEqual(["validation_failed", "37", "Extra"]);
    expect(await wrong('Operation:boxes.create,Name:a,@IdempotencyKey:"a b"')).toEqual(["invalid_header", "47", undefined]);
    expect(await wrong("Operation:boxes.list,@Tenant:NO")).toEqual(["invalid_header", "30", undefined]);
    expect(await wrong("Operation:boxes.list,@SortBy:nope")).toEqual(["validation_failed", "30", "SortBy"]);
  });

  test("in the caller's language, with their facts; our own errors show no inside", async () => {
    const id = await idOf("Operation:boxes.create,Name:Heavy");
    expect(await ask(`Operation:WEIGH,Box:${id},Grams:6000,@Language:de-AT`)).toBe(
      'Error:too_heavy,@RequestId:(id),Message:Höchstens 5.000 hält sie.,Details:"{\\"most\\":5000}"',
    );
    const client = await harbour.client("keeper");
    expect(await ask("Use:,@Language:de", client)).toBe("Status:ok");
    expect(await ask("Operation:boxes.create,Name:", client)).toContain("Das Feld „Name“");
    const failed = await keeper.ask("Operation:fail,@RequestId:mine-7");
    expect([failed.last.first[1], failed.text.includes("mine-7"), failed.text.includes("broken inside")]).toEqual([
      "internal",
      true,
      false,
    ]);
  });

  test("SECURITY 46: nothing that is sent back begins a line of its own", async () => {
    const evil = '"x\\nStatus:ok,@Tag:1\\r\\nRow:1\\u2028\\u0085"';
    const { text } = await keeper.ask(`Operation:boxes.create,Name:a,Note:${evil}`);
    expect(text.split("\n").length).toBe(1);
    expect((await keeper.ask("Operation:boxes.list,Note~=:Status")).text.split("\n").length).toBe(2);
    const tagged = await keeper.ask('Ping:,@Tag:"a,b\\nc"');
    expect(tagged.text).toBe('Status:ok,@Tag:"a,b\\nc"');
  });

  test("SECURITY 35: amounts are exact, and nothing else is one", async () => {
    for (const price of ["1,00", "1.5", "1e3", "0x10", "٣", "NaN", "+5", "9223372036854775808", "--1", '"5 "'])
      expect([
        price,
        await ask(`Operation:boxes.create,Name:a,Price:${price.startsWith('"') ? price : `"${price}"`}`),
      ]).toMatchObject([price, expect.stringMatching(/^Error:validation_failed/)]);
    expect(await ask("Operation:boxes.create,Name:a,Price:9223372036854775807")).toContain(",Price:9223372036854775807,");
  });

  test("SECURITY 26, 50: names of no field, of prototypes too, are refused and change nothing", async () => {
    for (const title of [
      "Constructor",
      "Prototype",
      "ToString",
      "HasOwnProperty",
      "Edition",
      "Place.Constructor",
      "Parts.1.ToString",
    ]) {
      const { last } = await keeper.ask(`Operation:boxes.create,Name:a,${title}:1`);
      expect([title, last.first[1]]).toEqual([title, "validation_failed"]);
    }
    expect(await ask("Operation:constructor")).toStartWith("Error:not_found");
    expect(await ask("Operation:__proto__")).toStartWith("Error:not_found");
    expect(({} as Record<string, unknown>)["hall"]).toBeUndefined();
  });
});

describe("who speaks", () => {
  test("a key, an app's secret, a token; wrong ones are told, and the third ends it", async () => {
    const key = await harbour.grant("visitor");
    const client = await harbour.client();
    expect(await ask("Operation:boxes.list", client)).toStartWith("Error:unauthenticated");
    expect(await ask("Operation:hours", client)).toBe("Status:ok,From:09:00,To:17:00");
    expect(await ask(`Key:${key},@Tag:k`, client)).toBe("Status:ok,@Tag:k");
    expect(await ask("Operation:boxes.count,Name:none", client)).toBe("Status:ok,Value:0");
    expect(await ask("Operation:boxes.create,Name:a", client)).toStartWith("Error:forbidden");
    // Whoever shows wrong ones has none any more.
    expect(await ask(`Key:${key.slice(0, -3)}aaa`, client)).toMatch(/^Error:invalid_credentials,.*,Column:5$/);
    expect(await ask("Operation:boxes.list", client)).toStartWith("Error:unauthenticated");
    expect(await ask("Login:app_1,Secret:nothing", client)).toStartWith("Error:invalid_credentials");
    expect(await ask("Token:eyJhbGciOiJub25lIn0.e30.", client)).toStartWith("Error:invalid_credentials");
    await client.closed;
  });

  test("what is no credential is no line of one", async () => {
    const client = await harbour.client("visitor");
    for (const line of [
      "Key:",
      "Key:a b",
      "Login:x",
      "Login:,Secret:y",
      "Login:a,Secret:b,More:c",
      "Key:abc,Id:x",
      "Token:abc",
      "Login:a,Other:b",
    ])
      expect([line, await ask(line, client)]).toEqual([
        line,
        expect.stringMatching(/^Error:invalid_request,.*Column:\d+,Problem:/),
      ]);
  });

  test("SECURITY 5: a revoked key is refused with its next line", async () => {
    const key = await harbour.grant("visitor");
    const client = await harbour.client();
    await client.ask(`Key:${key}`);
    expect(await ask("Operation:boxes.count,Name:none", client)).toBe("Status:ok,Value:0");
    const { revokeKey } = await import("../../src/host/keys.ts");
    const { hashOfKey } = await import("../../src/pipeline/identity/api-key.ts");
    await revokeKey(harbour.app, hashOfKey(key), { requestId: "test", channel: "test" });
    await Bun.sleep(50);
    expect(await ask("Operation:boxes.list", client)).toStartWith("Error:invalid_credentials");
  });

  test("SECURITY 25: what a role may not see is not there, and cannot be asked about", async () => {
    const id = await idOf("Operation:boxes.create,Name:Dear,Cost:314159");
    const visitor = await harbour.client("visitor");
    const shown = await ask(`Operation:boxes.get,Box:${id}`, visitor);
    expect([shown.includes("Cost"), shown.includes("314159")]).toEqual([false, false]);
    for (const line of [
      "Operation:boxes.list,Cost:314159",
      "Operation:boxes.list,@SortBy:Cost",
      "Operation:boxes.list,@Fields:cost",
    ])
      expect([line, await ask(line, visitor)]).toEqual([line, expect.stringMatching(/^Error:(?:validation_failed|forbidden)/)]);
  });

  test("SECURITY 32, 37: idempotency keys and entity tags, as everywhere", async () => {
    const line = "Operation:boxes.create,Name:Once,@IdempotencyKey:once-1";
    const id = await idOf(line);
    const again = await keeper.ask(line);
    expect([again.text.includes(id), again.text.startsWith("Status:ok,@Replayed:true,")]).toEqual([true, true]);
    expect(await ask(line.replace("Once", "Twice"))).toStartWith("Error:idempotency_key_reused");
    const { last } = await keeper.ask(`Operation:SHOW,Box:${id}`);
    const tag = last.pairs.find(([title]) => title === "@ETag")?.[1];
    const changed = await keeper.ask(`Operation:boxes.update,Id:${id},Weight:2,@IfMatch:${String(tag)}`);
    expect(changed.last.first[0]).toBe("Status");
    expect(await ask(`Operation:boxes.update,Id:${id},Weight:3,@IfMatch:${String(tag)}`)).toStartWith(
      "Error:precondition_failed",
    );
    const newer = changed.last.pairs.find(([title]) => title === "@ETag")?.[1];
    expect((await keeper.ask(`Operation:boxes.update,Id:${id},Weight:3,@IfMatch:${String(newer)}`)).last.first[0]).toBe("Status");
  });
});

describe("order", () => {
  test("requests that come together are answered in order, each with its tag; reads see what was asked before them", async () => {
    const count = 300;
    const lines = Array.from({ length: count }, (_, at) =>
      at % 3 === 2
        ? `Operation:boxes.count,@Tag:${at},Name:Order ${at - 2}`
        : at % 3 === 1
          ? `Ping:,@Tag:${at}`
          : `Operation:boxes.create,@Tag:${at},Name:Order ${at}`,
    );
    const client = await harbour.client("keeper");
    client.send(`${lines.join("\n")}\n`);
    for (let at = 0; at < count; at++) {
      const { last, text } = await client.answer();
      expect([at, last.pairs.find(([title]) => title === "@Tag")?.[1]]).toEqual([at, String(at)]);
      if (at % 3 === 2) expect([at, text]).toEqual([at, `Status:ok,@Tag:${at},Value:1`]);
    }
  });

  test("commands are carried out in the order in which they came", async () => {
    const id = await idOf("Operation:boxes.create,Name:Series");
    const client = await harbour.client("keeper");
    client.send(Array.from({ length: 100 }, (_, at) => `Operation:boxes.update,Id:${id},Weight:${at}\n`).join(""));
    for (let at = 0; at < 100; at++)
      expect((await client.answer()).last.pairs.find(([title]) => title === "Weight")?.[1]).toBe(String(at));
    expect(await ask(`Operation:boxes.get,Box:${id}`)).toContain(",Grams:99,");
  });

  test("credentials hold from their line on, whatever comes with them", async () => {
    const [key, other] = [await harbour.grant("visitor"), await harbour.grant("keeper")];
    const client = await harbour.client();
    client.send(
      [
        "Operation:boxes.count,Name:none",
        `Key:${key}`,
        "Operation:boxes.create,Name:a",
        `Key:${other}`,
        "Operation:boxes.create,Name:Late",
        "Quit:",
        "Ping:",
        "",
      ].join("\n"),
    );
    const outcomes: unknown[] = [];
    for (let more = 0; more < 6; more++) outcomes.push((await client.answer()).last.first[1]);
    expect(outcomes).toEqual(["unauthenticated", "ok", "forbidden", "ok", "ok", "ok"]);
    await client.closed;
  });

  test("cut at every byte, the answers are the same", async () => {
    const text = 'Operation:boxes.list,@Tag:ü,Name:"none\\u00e9 😀"\r\nPing:,@Tag:2\nOperation:boxes.count,Name:none\n';
    const bytes = Buffer.from(text);
    const expected = [
      "Status:ok,@Tag:ü,@Rows:0,@TotalRecords:0,@TotalPages:1,@CurrentPage:1,@PerPage:10,@MaxPerPage:100",
      "Status:ok,@Tag:2",
      "Status:ok,Value:0",
    ];
    const client = await harbour.client("keeper");
    for (let place = 1; place < bytes.length; place++) {
      client.send(bytes.subarray(0, place));
      await Bun.sleep(1);
      client.send(bytes.subarray(place));
      for (const answer of expected) expect([place, (await client.answer()).text]).toEqual([place, answer]);
    }
    for (const byte of bytes) {
      client.send(Uint8Array.of(byte));
      await Bun.sleep(1);
    }
    for (const answer of expected) expect((await client.answer()).text).toBe(answer);
  });
});
