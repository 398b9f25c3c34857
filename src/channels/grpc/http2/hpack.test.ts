/** Header compression against the examples of RFC 7541 appendix C, and against what must not be read. */
import { describe, expect, test } from "bun:test";
import { encodeFields, type Field, HpackDecoder } from "./hpack.ts";
import { decodeHuffman } from "./huffman.ts";
import { ConnectionError, errors } from "./protocol.ts";

const read = (decoder: HpackDecoder, hex: string): string[] => {
  const fields: string[] = [];
  decoder.decode(Buffer.from(hex.replaceAll(" ", ""), "hex"), ([name, value]) => void fields.push(`${name}: ${value}`));
  return fields;
};

/** Appendix C.3 and C.4, C.5 and C.6: the same requests and answers, without and with Huffman; C.5 and C.6 evict from a table of 256 bytes. */
const sequences: readonly (readonly [
  name: string,
  first: string,
  blocks: readonly (readonly [hex: string, fields: readonly string[]])[],
])[] = [
  [
    "C.3 requests",
    "",
    [
      [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
      ],
      [
        "8286 84be 5808 6e6f 2d63 6163 6865",
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
      ],
      [
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        [":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
      ],
    ],
  ],
  [
    "C.4 requests with Huffman",
    "",
    [
      [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
      ],
      [
        "8286 84be 5886 a8eb 1064 9cbf",
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
      ],
      [
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        [":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
      ],
    ],
  ],
  [
    "C.5 answers, a table of 256 bytes",
    "3fe1 01",
    [
      [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        [":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"],
      ],
      [
        "4803 3330 37c1 c0bf",
        [":status: 307", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"],
      ],
    ],
  ],
  [
    "C.6 answers with Huffman, a table of 256 bytes",
    "3fe1 01",
    [
      [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        [":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"],
      ],
      [
        "4883 640e ffc1 c0bf",
        [":status: 307", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"],
      ],
      [
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        [
          ":status: 200",
          "cache-control: private",
          "date: Mon, 21 Oct 2013 20:13:22 GMT",
          "location: https://www.example.com",
          "content-encoding: gzip",
          "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ],
      ],
    ],
  ],
];

describe("reading", () => {
  test.each(sequences)("RFC 7541 %s", (_, first, blocks) => {
    const decoder = new HpackDecoder();
    for (const [at, [hex, fields]] of blocks.entries())
      expect(read(decoder, at === 0 ? `${first}${hex}` : hex)).toEqual([...fields]);
  });

  const broken: readonly (readonly [what: string, hex: string])[] = [
    ["index 0", "80"],
    ["an index beyond both tables", "be"],
    ["an index far beyond", "ffff ffff 7f"],
    ["an integer that does not end", "ffff ffff ffff ffff"],
    ["an integer cut off", "ff"],
    ["a literal without a name", "40"],
    ["a literal without a value", "4001 61"],
    ["a name longer than the block", "4005 6161"],
    ["a value longer than the block", "4001 617f ffff 03"],
    ["a table size beyond ours", "3fe2 1f"],
    ["a table size within a block", "8220"],
    ["Huffman that ends with EOS", "4084 ffff ffff 0161"],
    ["Huffman padded with zeros", "4081 0000"],
    ["Huffman padded by a byte", "4082 1fff 00"],
  ];
  test.each(broken)("%s is COMPRESSION_ERROR", (_, hex) => {
    try {
      read(new HpackDecoder(), hex);
    } catch (error) {
      expect(error).toBeInstanceOf(ConnectionError);
      expect((error as ConnectionError).code).toBe(errors.compression);
      return;
    }
    throw new Error("it was read");
  });

  test("an entry larger than the table empties it; a table of nothing holds nothing", () => {
    const decoder = new HpackDecoder();
    expect(read(decoder, "4001 61 01 62 be")).toEqual(["a: b", "a: b"]);
    const value = "c".repeat(4_100);
    const long: Field[] = [];
    const block = Buffer.from(encodeFields([["x-long", value]]));
    block[0] = 0x40;
    decoder.decode(block, (field) => void long.push(field));
    expect(long[0]?.[1].length).toBe(4_100);
    expect(() => read(decoder, "be")).toThrow(ConnectionError);
    expect(read(decoder, "20 4001 61 01 62")).toEqual(["a: b"]);
    expect(() => read(decoder, "be")).toThrow(ConnectionError);
  });

  test("what is evicted is not found, however many entries there were", () => {
    const decoder = new HpackDecoder();
    for (let at = 0; at < 1_000; at++) {
      const name = `n${String(at).padStart(4, "0")}`;
      const hex = Buffer.from(name).toString("hex");
      expect(read(decoder, `4005 ${hex} 01 62 be`)).toEqual([`${name}: b`, `${name}: b`]);
    }
    // 4,096 bytes hold 107 entries of 38.
    expect(read(decoder, "ff29")).toEqual(["n0893: b"]);
    expect(() => read(decoder, "ff2a")).toThrow(ConnectionError);
  });
});

describe("writing", () => {
  test("is read again as it was, and depends on nothing before it", () => {
    const fields: readonly Field[] = [
      [":status", "200"],
      ["content-type", "application/grpc"],
      ["grpc-status", "0"],
      ["x-long", "v".repeat(5_000)],
      ["etag", '"\u00e9"'],
      ["retry-after", ""],
    ];
    const block = encodeFields(fields);
    for (let round = 0; round < 2; round++) {
      const heard: Field[] = [];
      new HpackDecoder().decode(block, (field) => void heard.push(field));
      expect(heard).toEqual([...fields]);
    }
    expect(encodeFields([[":status", "200"]]).toString("hex")).toBe("88");
  });
});

test("every symbol of the Huffman code", () => {
  // Appendix B, some of each length.
  const codes: readonly (readonly [symbol: number, bits: string])[] = [
    [48, "00000"],
    [116, "01001"],
    [32, "010100"],
    [117, "101101"],
    [58, "1011100"],
    [122, "1111011"],
    [38, "11111000"],
    [33, "1111111000"],
    [39, "11111111010"],
    [35, "111111111010"],
    [0, "1111111111000"],
    [94, "11111111111100"],
    [60, "111111111111100"],
    [92, "1111111111111110000"],
    [128, "11111111111111100110"],
    [1, "11111111111111111011000"],
    [255, "11111111111111111111101110"],
    [2, "1111111111111111111111100010"],
    [10, "111111111111111111111111111100"],
  ];
  for (const [symbol, bits] of codes) {
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
    const bytes = Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
    expect(decodeHuffman(bytes, 0, bytes.length)).toBe(String.fromCharCode(symbol));
  }
});
