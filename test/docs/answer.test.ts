import { expect, test } from "bun:test";
import { blockDifference, blockFrom } from "./answer.ts";
import { linksOf, slugsOf } from "./link.ts";
import { blocksOf, withBlock } from "./markdown.ts";

const http = (head: string, body: string): string => `HTTP/1.1 ${head}\r\nX-Request-Id: a-1\r\nETag: "9f"\r\n\r\n${body}`;

const same: readonly (readonly [name: string, language: string, shown: string, actual: string])[] = [
  ["members in any order", "json", '{"a":1,"b":[true,null]}', '{"b":[true,null],"a":1}'],
  ["a text shown in part", "json", '{"id":"acc_…"}', '{"id":"acc_01ABC"}'],
  ["further members", "json", '{"id":1,"…":"…"}', '{"id":1,"name":"x"}'],
  ["further items", "json", '[1,"…"]', "[1,2,3]"],
  ["headers that are shown", "http", 'HTTP/1.1 200 OK\nETag: "…"\n\n{"a":1}', http("200 OK", '{"a":1}')],
  ["lines shown in part", "text", "id,name\nacc_…,Savings\n…", "id,name\nacc_1,Savings\nacc_2,Business\n"],
];
test.each(same)("as shown: %s", (_, language, shown, actual) => {
  expect(blockDifference(language, shown, actual)).toBeUndefined();
});

const different: readonly (readonly [name: string, language: string, shown: string, actual: string, told: string])[] = [
  ["another number", "json", '{"a":[1]}', '{"a":[2]}', "$.a[0]: 1 is shown, 2 is the answer"],
  ["a missing member", "json", '{"a":1,"…":"…"}', "{}", "$.a: 1 is shown, undefined is the answer"],
  ["an unshown member", "json", '{"a":1}', '{"a":1,"b":2}', "$.b is answered and not shown"],
  ["an unshown item", "json", "[1]", "[1,2]", "$: [1] is shown, [1,2] is the answer"],
  [
    "another status",
    "http",
    "HTTP/1.1 200 OK",
    http("404 Not Found", ""),
    "HTTP/1.1 200 OK is shown, HTTP/1.1 404 Not Found is the answer:\n",
  ],
  ["another header", "http", "HTTP/1.1 200 OK\nETag: 1", http("200 OK", ""), 'ETag: 1 is shown, "9f" is the answer'],
  ["another line", "text", "a\nb", "a\nc", 'line 2: "b" is shown, "c" is the answer'],
  ["a dot is no wildcard", "json", '"a.c"', '"abc"', '$: "a.c" is shown, "abc" is the answer'],
];
test.each(different)("not as shown: %s", (_, language, shown, actual, told) => {
  expect(blockDifference(language, shown, actual)).toBe(told);
});

test("a block is written with what differs from run to run masked, and in the parts that were shown", () => {
  const actual = http("201 Created", '{"data":{"id":"acc_01M80YTYJSE00BWG1VZYYEN3VJ","name":"A","balance":5},"n":[1,2,3]}');
  const shown = 'HTTP/1.1 200 OK\nETag: "…"\n\n{"data":{"id":0,"balance":0,"…":"…"},"n":[0,"…"]}';
  const written = blockFrom("http", shown, actual);
  expect(written).toBe('HTTP/1.1 201 Created\nETag: "…"\n\n{ "data": { "id": "acc_…", "balance": 5, "…": "…" }, "n": [1, "…"] }');
  expect(blockDifference("http", written, actual)).toBeUndefined();
});

const markdown = "# A `b` (c)\n\n[x](#a-b-c) `[y](z)`\n\n```sh\n[no](link)\n```\n\n## A b c\n";

test("blocks are found and replaced by line", () => {
  const [block] = blocksOf(markdown);
  expect(block).toEqual({ language: "sh", text: "[no](link)", line: 5 });
  expect(withBlock(markdown, block!, "a\nb")).toContain("```sh\na\nb\n```\n");
  expect(() => blocksOf("```sh\n")).toThrow("line 1: the block is not closed");
});

test("links and headings are found outside of code", () => {
  expect(linksOf(markdown)).toEqual([{ target: "#a-b-c", line: 3 }]);
  expect([...slugsOf(markdown)]).toEqual(["a-b-c", "a-b-c-1"]);
});
