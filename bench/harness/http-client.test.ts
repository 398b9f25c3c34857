import { expect, test } from "bun:test";
import { Connection, joinChunks, parseReply } from "./http-client.ts";

const bytes = (text: string) => Buffer.from(text.replaceAll("\n", "\r\n"));

test("an answer with a length", () => {
  const answer = bytes("HTTP/1.1 201 Created\nContent-Length: 4\n\nabcd");
  expect(parseReply(answer)).toMatchObject({ status: 201, closes: false, end: answer.length });
});

test.each([
  "HTTP/1.1 200 OK\nContent-Le",
  "HTTP/1.1 200 OK\nContent-Length: 5\n\nabcd",
  "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\nabcd\n",
])("an unfinished answer waits: %j", (text) => {
  expect(parseReply(bytes(text))).toBeUndefined();
});

test("chunks are joined", () => {
  const answer = bytes("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nConnection: close\n\n4\nabcd\n2\nef\n0\n\n");
  const parsed = parseReply(answer);
  expect(parsed).toMatchObject({ chunked: true, closes: true, end: answer.length });
  expect(joinChunks(answer.subarray(parsed!.bodyStart)).toString()).toBe("abcdef");
});

test.each(["SSH-2.0-x\n\n", "HTTP/1.1 200 OK\nX: y\n\n"])("nonsense throws: %j", (text) => {
  expect(() => parseReply(bytes(text))).toThrow();
});

test("calls a real server over one connection, and reopens it", async () => {
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) =>
      new Response(new URL(request.url).pathname, request.url.endsWith("close") ? { headers: { connection: "close" } } : {}),
  });
  const failed = Promise.withResolvers<never>();
  const connection = new Connection({ hostname: "127.0.0.1", port: server.port! }, failed.reject);
  const call = (path: string) =>
    Promise.race([
      failed.promise,
      new Promise<string>((resolve) =>
        connection.send(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`), (reply) =>
          resolve(`${reply.status} ${reply.text()}`),
        ),
      ),
    ]);
  expect(await call("/a")).toBe("200 /a");
  expect(await call("/close")).toBe("200 /close");
  expect(await call("/b")).toBe("200 /b");
  connection.close();
});
