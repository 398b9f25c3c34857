import { expect, test } from "bun:test";
import { formatLinks } from "./link.ts";

test("writes targets, relations and parameters", () => {
  expect(
    formatLinks([
      { target: "/bank/v1/accounts?page=2", rel: "next" },
      { target: "https://x/docs", rel: "deprecation help", type: "text/html", title: 'a "b"' },
      { target: "/g", rel: "x", title: "Anleitung für ’s" },
    ]),
  ).toBe(
    '</bank/v1/accounts?page=2>; rel="next", <https://x/docs>; rel="deprecation help"; type="text/html"; title="a \\"b\\"", </g>; rel="x"; title*=UTF-8\'\'Anleitung%20f%C3%BCr%20%E2%80%99s',
  );
  expect(formatLinks([])).toBeUndefined();
});

test("a query cannot end a link or begin another", () => {
  const header = formatLinks([{ target: '/a?q=>; rel="next", <http://evil>\r\nX: 1\u0000%20é\ud800', rel: "self" }]) ?? "";
  expect(header).toBe('</a?q=%3E;%20rel=%22next%22,%20%3Chttp://evil%3E%0D%0AX:%201%00%20%C3%A9%EF%BF%BD>; rel="self"');
});

test("a relation is ours: anything but ASCII throws", () => {
  expect(() => formatLinks([{ target: "/", rel: "a\nb" }])).toThrow(TypeError);
});
