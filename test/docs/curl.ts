/**
 * Stands in for curl where a machine has none: the options that the documentation uses, over `fetch`.
 *
 *   -i -I -s -g   -X method   -H "Name: value"   -d body   -u name:secret   -o file   -c jar   -b jar   URL      letters may be joined: -sgi
 *   telnet://host:port   what is typed goes out, what comes back is shown
 */
import { connect } from "node:net";

const methods = { body: "POST", head: "HEAD", plain: "GET" } as const;
const args = Bun.argv.slice(2);
const headers = new Headers({ Accept: "*/*" });
let [url, method, body, file, jar] = ["", "", "", "", ""];
let flags = "";

for (let at = 0; at < args.length; at++) {
  const arg = args[at] ?? "";
  if (!arg.startsWith("-")) {
    url = arg;
    continue;
  }
  const last = arg.at(-1) ?? "";
  if (!"XHduocb".includes(last)) {
    flags += arg.slice(1);
    continue;
  }
  flags += arg.slice(1, -1);
  const value = args[++at] ?? "";
  if (last === "X") method = value;
  else if (last === "H") headers.append(value.slice(0, value.indexOf(":")), value.slice(value.indexOf(":") + 1).trim());
  else if (last === "o") file = value;
  else if (last === "c") jar = value;
  else if (last === "b") headers.append("Cookie", await Bun.file(value).text());
  else if (last === "u") headers.append("Authorization", `Basic ${new TextEncoder().encode(value).toBase64()}`);
  else body = body === "" ? value : `${body}&${value}`;
}
const unknown = [...flags].find((flag) => !"iIsg".includes(flag));
if (unknown !== undefined) throw new Error(`curl: -${unknown} is none of the options that this one has`);
if (body !== "" && !headers.has("Content-Type")) headers.set("Content-Type", "application/x-www-form-urlencoded");
if (method === "") method = body === "" ? (flags.includes("I") ? methods.head : methods.plain) : methods.body;

if (url.startsWith("telnet://")) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
  await new Promise((resolve) => socket.once("close", resolve));
  process.exit();
}
const answer = await fetch(url, { method, headers, redirect: "manual", ...(body === "" ? {} : { body }) });
if (jar !== "")
  await Bun.write(
    jar,
    answer.headers
      .getSetCookie()
      .map((cookie) => cookie.split(";")[0])
      .join("; "),
  );
const head = [
  `HTTP/1.1 ${answer.status} ${answer.statusText}`,
  ...[...answer.headers].map(([name, value]) => `${name}: ${value}`),
];
const shown = `${/[iI]/.test(flags) ? `${head.join("\r\n")}\r\n\r\n` : ""}${await answer.text()}`;
if (file === "") process.stdout.write(shown);
else await Bun.write(file, shown);
