/** The path sliced out of `req.url` is the one the URL standard gives, over a real socket; segments are decoded strictly. */
import { afterAll, expect, test } from "bun:test";
import { connect } from "node:net";
import fc from "fast-check";
import { decodeSegment, segmentsOf, targetOf } from "./request-target.ts";

interface Seen {
  readonly url: string;
  readonly path: string | undefined;
  readonly query: string | undefined;
}
let seen: Seen | undefined;
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  development: false,
  fetch(request) {
    const target = targetOf(request.url);
    seen = { url: request.url, path: target?.path, query: target?.query };
    return new Response("ok");
  },
});
afterAll(() => server.stop(true));

/** Sends a request line as it is; the answer's first line. */
const sendRaw = (target: string, host = "127.0.0.1"): Promise<string> => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(server.port as number, "127.0.0.1", () => {
    socket.write(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, "latin1"));
  });
  socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
  socket.on("close", () => resolve(answer.split("\r\n")[0] ?? ""));
  socket.on("error", () => resolve(""));
  return promise;
};

const expectStandard = async (target: string): Promise<void> => {
  seen = undefined;
  await sendRaw(target);
  // Refused by the server itself: nothing was handed over.
  if (seen === undefined) return;
  const { url, path, query } = seen as Seen;
  const standard = new URL(url);
  expect(path).toBe(standard.pathname);
  expect(query === "" ? "" : `?${query}`).toBe(standard.search);
};

test.each([
  "/",
  "/a/b",
  "/a//b/",
  "/a?b=c",
  "/a?b?c#d",
  "/a#b?c",
  "/?#",
  "/#?",
  "/a/../../b/./c",
  "/a/%2e%2e/b",
  "/a/.%2E/b",
  "//evil.test/a",
  "/\\evil.test",
  "/a%2fb",
  "/a%00b",
  "/%zz",
  "/é",
  "/a;b=c/d",
  "http://other.test/a?x=1",
  "http://other.test",
  "http://other.test?x=1",
  "http://other.test#x",
  "/a?x=http://y/z",
  "/a?'\"<>",
])("path and query of %s are the URL standard's", expectStandard);

test("property: whatever the server hands over has the path and query of the URL standard", async () => {
  const piece = fc.constantFrom(
    "/",
    "//",
    ".",
    "..",
    "%2e",
    "%2F",
    "%",
    "a",
    "B",
    "?",
    "#",
    "\\",
    ";",
    ":",
    "@",
    "=",
    "&",
    "é",
    "%C3%A9",
    "~",
    "'",
    '"',
    "<",
    "|",
    "[",
    "^",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), (pieces) => expectStandard(`/${pieces.join("")}`)),
    { numRuns: 150 },
  );
});

test.each([["a b/c"], ["a/c?x#y"], [""], ["u:p@a.test"]])("a Host header %j gives no target", async (host) => {
  seen = undefined;
  await sendRaw("/a", host);
  expect((seen as Seen | undefined)?.path).toBeUndefined();
});

test.each([
  ["a", "a"],
  ["caf%C3%A9", "café"],
  ["a%2Fb", "a/b"],
  ["a%20b", "a b"],
  ["a+b", "a+b"],
  ["%", undefined],
  ["%zz", undefined],
  ["%C3", undefined],
  ["%C0%AF", undefined],
  ["%ED%A0%80", undefined],
  ["a%00", undefined],
  ["a%0a", undefined],
  ["a%7F", undefined],
])("segment %s is %j", (segment, decoded) => {
  expect(decodeSegment(segment)).toBe(decoded as string);
});

test("an encoded slash never splits a segment", () => {
  expect(segmentsOf("/a/b%2Fc/d")).toEqual(["a", "b/c", "d"]);
  expect(segmentsOf("/a/%zz")).toBeUndefined();
  expect(segmentsOf("/")).toEqual([""]);
});
