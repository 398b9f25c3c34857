// @ts-nocheck: messages are described at run time, so that nothing here has a type.
// grpc-js in Node, whose HTTP/2 is nghttp2: unary, export, stream, compression, deadline. Arguments: address, key, file of a serialized FileDescriptorSet.
import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const [address, key, file] = process.argv.slice(2);
const loaded = loader.loadFileDescriptorSetFromBuffer(readFileSync(file), { longs: String, enums: String });
const { BazaarService } = grpc.loadPackageDefinition(loaded).bazaar.v2;
const clientOf = (options) => new BazaarService(address, grpc.credentials.createInsecure(), options);
const client = clientOf({});
const packed = clientOf({ "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip });

const metadata = () => {
  const given = new grpc.Metadata();
  given.set("authorization", `Bearer ${key}`);
  return given;
};
const ask = (of, method, message, options = {}) =>
  new Promise((resolve) => {
    of[method](message, metadata(), options, (error, answer) => resolve(error === null ? answer : { code: error.code }));
  });
const ended = (call) => new Promise((resolve) => call.on("status", ({ code }) => resolve(code)).on("error", () => {}));

const { stall } = await ask(client, "CreateStall", { name: "In Node" });
const note = "a note ".repeat(50);
const made = await ask(packed, "CreateWare", { stall: stall.id, name: "Lamp", price: "9007199254740993", note });
const many = client.CreateWareStream(metadata());
const verdicts = [];
many.on("data", (verdict) => verdicts.push(verdict.refusal?.type ?? verdict.response.ware.name));
for (let at = 0; at < 500; at++) {
  const item = { request: { stall: stall.id, name: at % 100 === 99 ? "x" : `Ware ${at}`, price: "1", note } };
  if (!many.write(item)) await new Promise((resolve) => many.once("drain", resolve));
}
many.end();
const manyCode = await ended(many);
const listed = packed.ExportWares({}, metadata());
let rows = 0;
listed.on("data", ({ wares }) => (rows += wares.length));
const listedCode = await ended(listed);
const late = await ask(client, "ListWares", {}, { deadline: Date.now() - 1 });
const missing = await ask(client, "GetWare", { id: "war_00000000000000000000000000" });
const parallel = await Promise.all(Array.from({ length: 300 }, () => ask(client, "GetWare", { id: made.ware.id })));
const exact = parallel.filter(({ ware }) => ware?.price === "9007199254740993").length;
process.stdout.write(
  JSON.stringify({
    price: made.ware.price,
    manyCode,
    verdicts: verdicts.length,
    refused: verdicts.filter((one) => one === "validation_failed").length,
    listedCode,
    rows,
    late,
    missing,
    exact,
  }),
);
client.close();
packed.close();
