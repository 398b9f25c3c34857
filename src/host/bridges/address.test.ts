/** Addresses of brokers: several hosts, logins, options; what is none. */
import { expect, test } from "bun:test";
import { parseKafkaAddress, parseNatsAddress, shownAddress } from "./address.ts";

test("hosts get the usual port, logins are decoded, and what is shown has none", () => {
  const nats = parseNatsAddress("nats://pons:a%20b%2Fc@one,two:5222,[::1]/?stream=EVENTS");
  expect(nats).toEqual({
    scheme: "nats",
    user: "pons",
    password: "a b/c",
    hosts: ["one:4222", "two:5222", "[::1]:4222"],
    options: { stream: "EVENTS" },
  });
  expect(nats === undefined ? "" : shownAddress(nats)).toBe("nats://one:4222,two:5222,[::1]:4222");
  expect(parseNatsAddress("tls://s3cret@one")).toMatchObject({ user: "s3cret", password: undefined });
  expect(parseKafkaAddress("kafkas://u:p@a:9093?mechanism=scram-sha-512&idempotent=false")).toEqual({
    scheme: "kafkas",
    user: "u",
    password: "p",
    hosts: ["a:9093"],
    options: { mechanism: "scram-sha-512", idempotent: "false" },
  });
});

const wrong = [
  "",
  "nats",
  "http://a:4222",
  "nats://",
  "nats://a:0",
  "nats://a:70000",
  "nats://a,,b",
  "nats://a b",
  "nats://-a",
  "nats://a/path",
  "nats://a?unknown=1",
  "nats://u%ZZ@a",
  `nats://${Array.from({ length: 33 }, (_, at) => `h${at}`).join(",")}`,
  "nats://a\n",
];

test.each(wrong)("%j is no address of NATS", (text) => expect(parseNatsAddress(text)).toBeUndefined());
test.each(["kafka://u@a", "kafka://a?mechanism=oauthbearer", "kafka://a?idempotent=maybe", "nats://a"])(
  "%j is no address of Kafka",
  (text) => expect(parseKafkaAddress(text)).toBeUndefined(),
);
