import { expect, test } from "bun:test";
import { baseUrl } from "./base-url.ts";

const tls = { cert: "", key: "" };

test.each([
  ["127.0.0.1", undefined, 3000, "http://127.0.0.1:3000"],
  ["0.0.0.0", undefined, 3000, "http://127.0.0.1:3000"],
  ["::", undefined, 3000, "http://[::1]:3000"],
  ["::1", undefined, 80, "http://[::1]"],
  ["api.example.com", undefined, 8080, "http://api.example.com:8080"],
  ["127.0.0.1", tls, 443, "https://localhost"],
  ["0.0.0.0", tls, 8443, "https://localhost:8443"],
  ["::", tls, 8443, "https://localhost:8443"],
  ["10.1.2.3", tls, 8443, "https://10.1.2.3:8443"],
] as const)("%s %p %d → %s", (host, withTls, port, expected) => {
  expect(baseUrl({ host, tls: withTls }, port)).toBe(expected);
});
