/** The codec against @bufbuild/protobuf's, which knows the messages only from their descriptors; and what comes of bytes that are no message. */
import { describe, expect, test } from "bun:test";
import { fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { described, kindsProto, kindsValues, methodOf, registryFor } from "./kinds.arbitrary.ts";
import { ProtobufError } from "./index.ts";

const proto = kindsProto();
const echo = methodOf(proto, "Echo");
const registry = registryFor(proto);
const request = described(registry, "kinds.v1.EchoRequest");
const response = described(registry, "kinds.v1.EchoResponse");

const faultOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    if (error instanceof ProtobufError) return error.reason;
    throw error;
  }
  return "none";
};

/** Bytes of `EchoRequest` with one field of that number. */
const one = (number: number, type: WireType, write: (writer: BinaryWriter) => void): Uint8Array => {
  const writer = new BinaryWriter().tag(number, type);
  write(writer);
  return writer.finish();
};

const numberOf = (name: string): number => {
  const found = request.fields.find(({ localName }) => localName === name);
  if (found === undefined) throw new Error(`there is no field ${name}`);
  return found.number;
};

describe("the same as @bufbuild/protobuf", () => {
  test("bytes", () => {
    fc.assert(
      fc.property(kindsValues, (values) => {
        const bytes = echo.output.encode(values);
        expect(Buffer.from(toBinary(response, fromBinary(response, bytes))).toString("hex")).toBe(
          Buffer.from(bytes).toString("hex"),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("JSON, both ways", () => {
    fc.assert(
      fc.property(kindsValues, (values) => {
        const json = echo.output.toJson(values);
        const message = fromBinary(response, echo.output.encode(values));
        expect(fromJson(response, json as JsonValue, { registry })).toEqual(message);
        expect(echo.input.fromJson(toJson(response, message, { registry }))).toEqual(
          echo.input.decode(echo.output.encode(values)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("what was written is read as it was", () => {
    fc.assert(
      fc.property(kindsValues, (values) => {
        const read = echo.input.decode(echo.output.encode(values));
        // A text with half a character is none in UTF-8.
        const wellFormed = JSON.parse(JSON.stringify(values), (_, value: unknown) =>
          typeof value === "string" ? value.toWellFormed() : value,
        ) as Record<string, unknown>;
        expect(read).toEqual(wellFormed);
      }),
      { numRuns: 300 },
    );
  });

  test("room before a message is left free, also behind a long one", () => {
    const values = { word: "x".repeat(200_000) };
    const bytes = echo.output.encode(values, 5);
    expect([...bytes.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0]);
    expect(Buffer.compare(bytes.subarray(5), echo.output.encode(values))).toBe(0);
    expect(echo.output.encode({}, 5)).toEqual(new Uint8Array(5));
  });
});

describe("SECURITY 35: whole numbers are exact", () => {
  const cases: readonly (readonly [sent: bigint, value: number | string])[] = [
    [0n, 0],
    [-1n, -1],
    [127n, 127],
    [128n, 128],
    [4_294_967_295n, 4_294_967_295],
    [4_294_967_296n, 4_294_967_296],
    [-4_294_967_297n, -4_294_967_297],
    [9_007_199_254_740_991n, 9_007_199_254_740_991],
    [-9_007_199_254_740_991n, -9_007_199_254_740_991],
    [9_007_199_254_740_993n, "9007199254740993"],
    [2n ** 63n - 1n, "9223372036854775807"],
    [-(2n ** 63n), "-9223372036854775808"],
  ];
  test.each(cases)("%s", (sent, value) => {
    const bytes = one(numberOf("money"), WireType.Varint, (writer) => writer.int64(sent));
    expect(echo.input.decode(bytes)["money"]).toBe(value);
    expect(Buffer.compare(echo.output.encode({ money: value }), bytes)).toBe(0);
    expect(echo.output.toJson({ money: value })).toEqual({ money: String(sent) });
    expect(echo.input.fromJson({ money: String(sent) })["money"]).toBe(value);
    expect(echo.input.fromJson({ money: sent })["money"]).toBe(value);
  });

  test("what is no int64 is refused in JSON and left out where it is answered", () => {
    for (const money of ["9223372036854775808", "1.5", "1e3", "", " 1", "٣", 1.5, 2 ** 64, true, [1], {}])
      expect([money, faultOf(() => echo.input.fromJson({ money }))]).toEqual([
        money,
        expect.stringMatching(/wrong_type|out_of_range/),
      ]);
    for (const money of ["••••", "9223372036854775808", Number.NaN, {}, 1.5])
      expect([...echo.output.encode({ money })]).toEqual([]);
  });
});

describe("SECURITY 26, 50: what is no message of the method is refused", () => {
  const nested = (depth: number): Uint8Array => {
    let bytes: Uint8Array = new Uint8Array([8, 0]);
    for (let level = 0; level < depth; level++) {
      const list = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(bytes).finish();
      bytes = new BinaryWriter().tag(6, WireType.LengthDelimited).bytes(list).finish();
    }
    return one(numberOf("free"), WireType.LengthDelimited, (writer) => writer.bytes(bytes));
  };
  const cases: readonly (readonly [what: string, bytes: Uint8Array, fault: string])[] = [
    ["nothing is nothing", new Uint8Array(0), "none"],
    ["an unknown field", one(999, WireType.Varint, (writer) => writer.int32(1)), "unknown_field"],
    ["an unknown field of the greatest number", one(536_870_911, WireType.Varint, (writer) => writer.int32(1)), "unknown_field"],
    ["the field 0", new Uint8Array([0, 1]), "malformed"],
    ["a field of another type", one(numberOf("word"), WireType.Varint, (writer) => writer.int32(1)), "malformed"],
    ["a group", new Uint8Array([(numberOf("word") << 3) | 3]), "malformed"],
    ["a tag without a value", new Uint8Array([(numberOf("word") << 3) | 2]), "truncated"],
    ["a length beyond the end", new Uint8Array([(numberOf("word") << 3) | 2, 5, 65]), "truncated"],
    ["a length of four gigabytes", new Uint8Array([(numberOf("word") << 3) | 2, 255, 255, 255, 255, 15]), "truncated"],
    ["a varint without end", new Uint8Array([numberOf("whole") << 3, ...Array.from({ length: 11 }, () => 255)]), "malformed"],
    ["no UTF-8", new Uint8Array([(numberOf("word") << 3) | 2, 2, 0xc3, 0x28]), "invalid_utf8"],
    ["half of a surrogate pair", new Uint8Array([(numberOf("word") << 3) | 2, 3, 0xed, 0xa0, 0x80]), "invalid_utf8"],
    ["an unknown value of an enum", one(numberOf("state"), WireType.Varint, (writer) => writer.int32(99)), "unknown_enum_value"],
    ["a negative value of an enum", one(numberOf("state"), WireType.Varint, (writer) => writer.int32(-1)), "unknown_enum_value"],
    [
      "a moment beyond the year 9999",
      one(numberOf("moment"), WireType.LengthDelimited, (writer) =>
        writer.bytes(new BinaryWriter().tag(1, WireType.Varint).int64(253_402_300_800n).finish()),
      ),
      "out_of_range",
    ],
    [
      "nanoseconds of more than a second",
      one(numberOf("moment"), WireType.LengthDelimited, (writer) =>
        writer.bytes(new BinaryWriter().tag(2, WireType.Varint).int32(1_000_000_000).finish()),
      ),
      "out_of_range",
    ],
    [
      "a number that JSON does not have",
      one(numberOf("free"), WireType.LengthDelimited, (writer) =>
        writer.bytes(new BinaryWriter().tag(2, WireType.Bit64).double(Number.NaN).finish()),
      ),
      "out_of_range",
    ],
    ["JSON of 32 levels", nested(32), "none"],
    ["JSON of 33 levels", nested(33), "too_deep"],
    ["JSON of 10,000 levels", nested(10_000), "too_deep"],
    [
      "more parts than a request may have",
      one(numberOf("wholes"), WireType.LengthDelimited, (writer) => writer.bytes(new Uint8Array(100_001))),
      "too_many",
    ],
  ];
  test.each(cases)("%s", (_, bytes, fault) => {
    expect(faultOf(() => echo.input.decode(bytes))).toBe(fault);
  });

  test("answers may have fields that a client does not know yet", () => {
    const bytes = Buffer.concat([
      echo.output.encode({ word: "a" }),
      one(999, WireType.LengthDelimited, (writer) => writer.string("b")),
    ]);
    expect(echo.output.decode(bytes)["word"]).toBe("a");
  });

  test("`__proto__` in JSON is a property of its own, and changes nothing", () => {
    const member = (key: string): Uint8Array => {
      const value = new BinaryWriter().tag(3, WireType.LengthDelimited).string("polluted").finish();
      return new BinaryWriter()
        .tag(1, WireType.LengthDelimited)
        .string(key)
        .tag(2, WireType.LengthDelimited)
        .bytes(value)
        .finish();
    };
    const struct = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(member("__proto__")).finish();
    const value = new BinaryWriter().tag(5, WireType.LengthDelimited).bytes(struct).finish();
    const { free } = echo.input.decode(one(numberOf("free"), WireType.LengthDelimited, (writer) => writer.bytes(value)));
    expect(Object.keys(free as object)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(free as object)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("messages in each other, up to 32", () => {
    const list = methodOf(proto, "ListThings");
    const include = (depth: number): Uint8Array => {
      let bytes: Uint8Array = new Uint8Array(0);
      for (let level = 0; level < depth; level++)
        bytes = new BinaryWriter().tag(4, WireType.LengthDelimited).bytes(bytes).finish();
      return new BinaryWriter().tag(9, WireType.LengthDelimited).bytes(bytes).finish();
    };
    expect(faultOf(() => list.input.decode(include(31)))).toBe("none");
    expect(faultOf(() => list.input.decode(include(32)))).toBe("too_deep");
    let json: Record<string, unknown> = {};
    for (let level = 0; level < 40; level++) json = { include: [json] };
    expect(faultOf(() => list.input.fromJson(json))).toBe("too_deep");
  });
});

describe("as protobuf says", () => {
  test("of a value that comes twice the last one counts, messages are merged", () => {
    const bytes = Buffer.concat([
      echo.output.encode({ word: "first", place: { city: "Wien", floor: 1 } }),
      echo.output.encode({ word: "last", place: { floor: 2 } }),
    ]);
    const merged = echo.input.decode(bytes);
    expect([merged["word"], merged["place"]]).toEqual(["last", { city: "Wien", floor: 2 }]);
    expect(fromBinary(request, bytes)).toMatchObject({ word: "last", place: { city: "Wien", floor: 2n } });
  });

  test("numbers in a list may stand in one length or by themselves", () => {
    const apart = new BinaryWriter();
    for (const value of [1, -2, 300]) apart.tag(numberOf("wholes"), WireType.Varint).int64(value);
    expect(echo.input.decode(apart.finish())["wholes"]).toEqual([1, -2, 300]);
    expect(echo.input.decode(echo.output.encode({ wholes: [1, -2, 300] }))["wholes"]).toEqual([1, -2, 300]);
  });

  test("JSON: names in both cases, numbers as numbers or text, base64 of both alphabets; unknown names and values are refused", () => {
    const { input } = echo;
    expect(input.fromJson({ maybe_words: { values: ["a"] }, wholes: ["1", 2, 3e2] })).toMatchObject({
      maybeWords: ["a"],
      wholes: [1, 2, 300],
    });
    expect(input.fromJson({ blob: "-_8" })["blob"]).toBe("+/8=");
    expect(input.fromJson({ state: "STATE_KEPT_BACK" })["state"]).toBe("kept.back");
    expect(input.fromJson({ state: 3 })["state"]).toBe("soldOut");
    expect(input.fromJson({ state: "STATE_UNSPECIFIED", word: null, free: null })["free"]).toBeNull();
    const refused: readonly (readonly [json: unknown, fault: string])[] = [
      [{ nope: 1 }, "unknown_field"],
      [{ constructor: 1 }, "unknown_field"],
      [{ place: { nope: 1 } }, "unknown_field"],
      [{ state: "new" }, "unknown_enum_value"],
      [{ state: 99 }, "unknown_enum_value"],
      [{ word: 1 }, "wrong_type"],
      [{ words: "a" }, "wrong_type"],
      [{ flag: "true" }, "wrong_type"],
      [{ moment: "yesterday" }, "wrong_type"],
      [{ blob: "*" }, "wrong_type"],
      [[], "wrong_type"],
      ["", "wrong_type"],
      [null, "wrong_type"],
      [{ wholes: Array.from({ length: 100_001 }, () => 1) }, "too_many"],
    ];
    for (const [json, fault] of refused) expect([json, faultOf(() => input.fromJson(json))]).toEqual([json, fault]);
  });
});
