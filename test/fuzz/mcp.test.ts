/**
 * Messages of agents: sound ones with one thing wrong, texts that are none, headers that say something else. Each has one answer of the protocol, none is a fault
 * of ours. What reads them is tried by itself as well, where it can be asked far more often.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readArguments } from "../../src/channels/mcp/arguments.ts";
import { mcpLimits } from "../../src/channels/mcp/limits.ts";
import { messageOf } from "../../src/channels/mcp/protocol.ts";
import { revisionOf } from "../../src/channels/mcp/revision.ts";
import { shownCall } from "../../src/channels/mcp/shown.ts";
import { textsOf } from "../../src/channels/mcp/texts.ts";
import { catalogueOf, type Tool } from "../../src/channels/mcp/tool.ts";
import { FormatError, type HttpVersion } from "../../src/channels/http/index.ts";
import { parseJson } from "../../src/channels/rest/formats/json.ts";
import { type House, openHouse } from "../mcp/house.ts";
import { till } from "../mcp/till.ts";
import { compile } from "../../src/contract/index.ts";
import type { Harvest } from "./harvest.ts";
import { bent } from "./message.ts";
import { holds, testMsMax } from "./runs.ts";
import { goodObject, hostileTexts, hostileValue, spoilt } from "./value.ts";

const contract = compile(till);
const catalogue = catalogueOf({ service: "till", name: "v2", contract } as HttpVersion);
const known: Harvest = { ids: new Map([["till.purses", ["prs_01JGFJJZ00EPW8EDEWZ21H2WGE"]]]), cursor: "", tag: '"9f2c"' };
/** Where a message says things about itself. */
const meta = "_meta";
const version = "io.modelcontextprotocol/protocolVersion";
const capabilities = "io.modelcontextprotocol/clientCapabilities";

type Written = Record<string, unknown>;

const rarely = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** What an operand may be instead of a value of its field. */
const odd = fc.constantFrom<unknown>(...hostileTexts, 1, -1, 1.5, null, true, [], {}, ["a"], [[]]);

const query = fc.dictionary(
  fc.oneof(
    fc.constantFrom("where", "filters", "sortBy", "page", "perPage", "cursor", "count", "fields", "include", "confirm", "id"),
    fc.constantFrom(...hostileTexts),
  ),
  fc.oneof(
    odd,
    fc.dictionary(
      fc.constantFrom("owner", "balance", "language", "count", "balance[gte]", "nope"),
      fc.oneof(odd, fc.dictionary(fc.constantFrom("gte", "ne", "null", "$where", ""), odd, { maxKeys: 3 })),
      { maxKeys: 4 },
    ),
  ),
  { maxKeys: 4 },
);

const argumentsOf = ({ shown }: Tool): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 6, arbitrary: spoilt(goodObject(shown.input, known, "till"), Object.keys(shown.input)) },
    { weight: 4, arbitrary: query },
    { weight: 1, arbitrary: hostileValue },
  );

const said = fc.record(
  {
    [version]: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom<unknown>("2026-07-28", "2025-11-25") },
      { weight: 1, arbitrary: hostileValue },
    ),
    [capabilities]: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom<unknown>({}, { elicitation: {} }) },
      { weight: 1, arbitrary: hostileValue },
    ),
  },
  { noNullPrototype: true, requiredKeys: [] },
);

/** A message with its parameters: mostly a call of a tool. */
const messageFor = (tool: Tool): fc.Arbitrary<Written> =>
  fc.record(
    {
      jsonrpc: fc.oneof({ weight: 30, arbitrary: fc.constant<unknown>("2.0") }, { weight: 1, arbitrary: hostileValue }),
      id: fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom<unknown>(1, "a", undefined) },
        { weight: 1, arbitrary: hostileValue },
      ),
      method: fc.oneof(
        { weight: 12, arbitrary: fc.constant<unknown>("tools/call") },
        {
          weight: 4,
          arbitrary: fc.constantFrom<unknown>("tools/list", "server/discover", "initialize", "ping", "subscriptions/listen", "x"),
        },
        { weight: 1, arbitrary: hostileValue },
      ),
      params: fc.oneof(
        {
          weight: 12,
          arbitrary: fc.record(
            {
              name: fc.oneof({ weight: 12, arbitrary: fc.constant<unknown>(tool.name) }, { weight: 1, arbitrary: hostileValue }),
              arguments: argumentsOf(tool),
              _meta: fc.oneof({ weight: 12, arbitrary: said }, { weight: 1, arbitrary: hostileValue }),
              cursor: rarely(hostileValue),
              requestState: rarely(hostileValue),
              inputResponses: rarely(fc.oneof(hostileValue, fc.record({ agree: hostileValue }, { noNullPrototype: true }))),
              protocolVersion: rarely(hostileValue),
              capabilities: rarely(hostileValue),
            },
            { noNullPrototype: true, requiredKeys: ["_meta"] },
          ),
        },
        { weight: 1, arbitrary: hostileValue },
      ),
    },
    { noNullPrototype: true, requiredKeys: ["jsonrpc", "method", "params"] },
  );

const message = fc.oneof(...catalogue.tools.map(messageFor));

const textOf = (written: Written): string =>
  JSON.stringify(written, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)) ?? "null";

const texts = message.chain((written) => {
  const whole = textOf(written);
  return fc.tuple(
    fc.constant<Written>(written),
    fc.oneof({ weight: 3, arbitrary: fc.constant(whole) }, { weight: 1, arbitrary: bent(whole) }),
  );
});

/** A text that HTTP can carry in a header. */
const headerText = fc.oneof(
  fc.constantFrom("=?base64?!?=", "=?base64?YQ==?=", "x", "2026-07-28", "tools/list"),
  fc.stringMatching(/^[ -~]{0,40}$/),
);

describe("what reads messages of agents", () => {
  test(
    "every text is a message or an error of the protocol, every argument is read or refused by its name, in no time",
    async () => {
      const tried = (text: string): void => {
        const body = parseJson(Buffer.from(text), { bytesMax: 1_048_576, depthMax: 64, nodesMax: 20_000 });
        if (body instanceof FormatError) return;
        const read = messageOf(body, mcpLimits);
        if ("code" in read) return expect([read.status, read.code]).toEqual([400, -32600]);
        const headers = new Headers({ "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "hours" });
        const revision = revisionOf(headers, read);
        if ("code" in revision) expect([-32020, -32022, -32602]).toContain(revision.code);
        if (read.kind !== "request") return;
        const { arguments: given } = read.params;
        if (typeof given !== "object" || given === null || Array.isArray(given)) return;
        const [first] = catalogue.tools;
        const other = catalogue.tools[text.length % catalogue.tools.length];
        for (const tool of [first, other]) {
          if (tool === undefined) continue;
          const taken = readArguments(tool, given as Written, mcpLimits);
          if ("status" in taken) {
            expect([400, 422]).toContain(taken.status);
            continue;
          }
          const shown = shownCall(tool, taken.input, { texts: textsOf("en"), limits: mcpLimits });
          expect([shown.length <= mcpLimits.shownLengthMax, /[\u202a-\u202e\u2066-\u2069\u2028]/.test(shown)]).toEqual([
            true,
            false,
          ]);
        }
      };
      await holds(texts, { runs: 7_500 }, async ([, text]) => {
        const msOf = (): number => {
          const start = performance.now();
          tried(text);
          return performance.now() - start;
        };
        if (msOf() > 250) expect(msOf()).toBeLessThan(250);
      });
    },
    testMsMax,
  );
});

describe("the channel for agents", () => {
  let house: House;
  let keeper: string;
  beforeAll(async () => {
    house = await openHouse();
    keeper = await house.grant("keeper");
  });
  afterAll(async () => {
    expect(house.errors.filter((error) => String(error) !== "Error: broken inside")).toEqual([]);
    await house[Symbol.asyncDispose]();
  });

  const judge = async (text: string, headers: Record<string, string>): Promise<void> => {
    const response = await house.raw(text, { key: keeper, headers });
    const answer = await response.text();
    const told = `${text.slice(0, 600)} ${JSON.stringify(headers)} → ${response.status} ${answer.slice(0, 300)}`;
    // `fail` fails, and says so.
    if (response.status >= 500 && !text.includes("fail")) throw new Error(told);
    if (/\/src\/|node_modules|broken inside|at Object/.test(answer)) throw new Error(told);
    if (response.status === 202) return expect(answer).toBe("");
    if (response.headers.get("content-type") === "text/event-stream") return;
    const { jsonrpc, result, error } = JSON.parse(answer) as { jsonrpc?: string; result?: object; error?: { code: unknown } };
    if (jsonrpc !== "2.0" || (result === undefined) === (error === undefined)) throw new Error(told);
    if (error !== undefined && !Number.isInteger(error.code)) throw new Error(told);
  };

  test(
    "each message has one answer of the protocol, whatever its headers say",
    async () => {
      const sent = fc.tuple(
        texts,
        fc.record(
          { "mcp-protocol-version": headerText, "mcp-method": headerText, "mcp-name": headerText, "mcp-session-id": headerText },
          { noNullPrototype: true, requiredKeys: [] },
        ),
        fc.integer({ min: 0, max: 9 }),
      );
      await holds(sent, { runs: 2_500 }, async ([[written, text], hostile, dice]) => {
        const { method, params } = written as { method?: unknown; params?: { name?: unknown; [meta]?: Written } };
        const plain = (value: unknown): string => (typeof value === "string" && /^[ -~]+$/.test(value) ? value.trim() : "x");
        const sound = {
          "mcp-protocol-version": plain(params?.[meta]?.[version] ?? "2026-07-28"),
          "mcp-method": plain(method),
          "mcp-name": plain(params?.name),
        };
        await judge(text, dice === 0 ? { ...sound, ...hostile } : sound);
      });
    },
    testMsMax,
  );
});
