// @ts-nocheck: its packages are installed by the benchmark, not with the project.
/**
 * A method that does nothing on @grpc/grpc-js: no keys, no limits, no work; messages are taken and given as bytes, so that not even a codec costs anything. One process.
 * Environment: GRPC_PORT; PORT, on which HTTP tells that it listens.
 */
import { createServer } from "node:http";
import { Server, ServerCredentials } from "@grpc/grpc-js";

const bytes = (message) => message;
const nothing = Buffer.alloc(0);
const server = new Server();
server.addService(
  {
    Ping: {
      path: "/desk.v1.DeskService/Ping",
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  },
  { Ping: (_, answer) => answer(null, nothing) },
);
await new Promise((resolve, reject) =>
  server.bindAsync(`127.0.0.1:${process.env.GRPC_PORT}`, ServerCredentials.createInsecure(), (error) =>
    error === null ? resolve() : reject(error),
  ),
);
createServer((_, answer) => answer.end("ok")).listen(Number(process.env.PORT), "127.0.0.1");
