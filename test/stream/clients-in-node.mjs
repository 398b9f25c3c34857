/**
 * The stream channel as a program in Node uses it: `ws` and `eventsource`, as they are. Prints a line of JSON for each thing that it hears.
 *
 *   node clients-in-node.mjs http://127.0.0.1:3000/post/v2/stream <key>
 */
import { EventSource } from "eventsource";
import { WebSocket } from "ws";

const [address = "", key = ""] = process.argv.slice(2);
const authorization = `Bearer ${key}`;
const tell = (/** @type {object} */ what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const source = new EventSource(`${address}?types=parcels.posted`, {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization } }),
});
source.addEventListener("open", () => tell({ is: "open" }));
source.addEventListener("error", ({ code }) => tell({ is: "error", code }));
source.addEventListener("end", ({ data }) => tell({ is: "end", data: JSON.parse(data) }));
source.addEventListener("parcels.posted", ({ data, lastEventId }) =>
  tell({ is: "event", lane: JSON.parse(data).data.lane, lastEventId }),
);

const socket = new WebSocket(address.replace("http", "ws"), ["pons.v1"], { headers: { authorization } });
socket.on("open", () => {
  socket.send(JSON.stringify({ id: "1", operation: "parcels.create", input: { body: { label: "From Node", lane: "node" } } }));
});
socket.on("message", (data) => tell({ is: "message", protocol: socket.protocol, told: JSON.parse(String(data)) }));
socket.on("close", (code, reason) => tell({ is: "closed", code, reason: String(reason) }));
process.stdin.on("end", () => process.exit());
process.stdin.resume();
