/**
 * A broker for the tests of the bridge to Kafka: as much of the protocol as a producer needs (ApiVersions, Metadata, Produce, InitProducerId), as strict as a
 * broker is. It checks every batch to its last byte, and the sequences of idempotent producers: what comes twice is acknowledged and not kept twice, what
 * comes out of order is refused. What it has acknowledged outlives `kill`. It is no Kafka: that librdkafka's own broker reads the same is tested beside it.
 */
import type { Socket, TCPSocketListener } from "bun";
import { freePort } from "./debian-server.ts";
import { readBatch, WireReader, WireWriter, type WireRecord } from "./kafka-wire.ts";

const partitionsCount = 3;
const api = { produce: 0, metadata: 3, handshake: 17, apiVersions: 18, initProducerId: 22, authenticate: 36 } as const;
const supported: readonly (readonly [key: number, min: number, max: number])[] = [
  [api.produce, 7, 7],
  [api.metadata, 6, 6],
  [api.handshake, 1, 1],
  [api.apiVersions, 0, 2],
  [api.initProducerId, 1, 1],
  [api.authenticate, 0, 0],
];
const errors = { none: 0, corrupt: 2, notLeader: 6, outOfOrder: 45, noLogin: 58, unknownProducer: 59 } as const;

export interface Kept extends WireRecord {
  readonly topic: string;
  readonly partition: number;
}

interface Partition {
  readonly records: Kept[];
  /** Producer → the sequence that comes next, and where its last batch began. */
  readonly producers: Map<bigint, { next: number; last: number; offset: number }>;
}

/** What may happen to a batch that is sound: kept and acknowledged; kept, and the connection is cut before the answer; not kept, as another one leads. */
export type Fault = "cut" | "notLeader" | undefined;

export interface BrokerOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Who may connect, by SASL PLAIN; absent: everybody. */
  readonly login?: { readonly user: string; readonly password: string };
}

interface Peer {
  pending: Buffer;
  isKnown: boolean;
}

export class KafkaBroker implements AsyncDisposable {
  readonly port = freePort();
  readonly url: string;
  readonly #options: BrokerOptions;
  readonly #topics = new Map<string, Partition[]>();
  readonly #problems: string[] = [];
  readonly #sockets = new Set<Socket<Peer>>();
  #listener: TCPSocketListener<Peer> | undefined;
  #nextProducer = 1n;
  #counts = { batches: 0, duplicates: 0 };
  /** Asked for each batch. */
  fault: () => Fault = () => undefined;

  constructor(options: BrokerOptions = {}) {
    this.#options = options;
    this.url = `${options.tls === undefined ? "kafka" : "kafkas"}://localhost:${this.port}`;
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  get counts(): Readonly<{ batches: number; duplicates: number }> {
    return this.#counts;
  }

  /** All that was kept of a topic, partition by partition. */
  kept(topic: string): readonly (readonly Kept[])[] {
    return (this.#topics.get(topic) ?? []).map(({ records }) => records);
  }

  start(): void {
    this.#listener = Bun.listen<Peer>({
      hostname: "127.0.0.1",
      port: this.port,
      ...(this.#options.tls === undefined ? {} : { tls: this.#options.tls }),
      socket: {
        open: (socket) => {
          socket.data = { pending: Buffer.alloc(0), isKnown: this.#options.login === undefined };
          this.#sockets.add(socket);
        },
        close: (socket) => void this.#sockets.delete(socket),
        data: (socket, chunk) => this.#take(socket, chunk),
      },
    });
  }

  /** Nobody is there any more; what was under way has no answer. */
  kill(): void {
    this.#listener?.stop(true);
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
  }

  #take(socket: Socket<Peer>, chunk: Buffer): void {
    let pending = Buffer.concat([socket.data.pending, chunk]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
      const request = pending.subarray(4, 4 + pending.readInt32BE(0));
      pending = pending.subarray(4 + request.length);
      try {
        const answer = this.#answer(new WireReader(request), socket.data);
        if (answer === undefined) {
          socket.terminate();
          return;
        }
        const head = Buffer.alloc(4);
        head.writeInt32BE(answer.length);
        socket.write(Buffer.concat([head, answer]));
      } catch (error) {
        this.#problems.push(String(error));
        socket.terminate();
        return;
      }
    }
    socket.data.pending = pending;
  }

  /** The answer to a request; undefined: the connection is cut. */
  #answer(request: WireReader, peer: Peer): Buffer | undefined {
    const [key, version, correlation] = [request.int16(), request.int16(), request.int32()];
    request.string();
    const answer = new WireWriter().int32(correlation);
    const range = supported.find(([known]) => known === key);
    if (key === api.apiVersions) {
      answer.int16(errors.none).array(supported, (one) => one.forEach((part) => answer.int16(part)));
      if (version > 0) answer.int32(0);
      return answer.done();
    }
    if (range === undefined || version < range[1] || version > range[2]) throw new Error(`request ${key} in version ${version}`);
    if (key === api.handshake)
      return answer
        .int16(errors.none)
        .array(["PLAIN"], (one) => answer.string(one))
        .done();
    if (key === api.authenticate) return this.#authenticate(request, answer, peer);
    if (!peer.isKnown) return undefined;
    if (key === api.metadata) return this.#metadata(request, answer);
    if (key === api.produce) return this.#produce(request, answer);
    request.string();
    request.int32();
    return answer.int32(0).int16(errors.none).int64(this.#nextProducer++).int16(0).done();
  }

  /** RFC 4616. */
  #authenticate(request: WireReader, answer: WireWriter, peer: Peer): Buffer {
    const { user, password } = this.#options.login ?? {};
    peer.isKnown = request.bytes()?.toString() === `\0${user}\0${password}`;
    answer.int16(peer.isKnown ? errors.none : errors.noLogin).string(peer.isKnown ? null : "Authentication failed");
    return answer.int32(0).done();
  }

  #partitions(topic: string): Partition[] {
    let partitions = this.#topics.get(topic);
    if (partitions === undefined) {
      partitions = Array.from({ length: partitionsCount }, () => ({ records: [], producers: new Map() }));
      this.#topics.set(topic, partitions);
    }
    return partitions;
  }

  #metadata(request: WireReader, answer: WireWriter): Buffer {
    const topics = request.array(() => request.string() ?? "");
    request.int8();
    answer.int32(0);
    answer.array([1], (node) => answer.int32(node).string("localhost").int32(this.port).string(null));
    answer.string("tests").int32(1);
    answer.array(topics, (topic) => {
      answer.int16(errors.none).string(topic).int8(0);
      answer.array([...this.#partitions(topic).keys()], (partition) => {
        answer.int16(errors.none).int32(partition).int32(1);
        for (const nodes of [[1], [1], []]) answer.array(nodes, (node) => answer.int32(node));
      });
    });
    return answer.done();
  }

  #produce(request: WireReader, answer: WireWriter): Buffer | undefined {
    request.string();
    if (request.int16() !== -1) throw new Error("not all replicas were asked for");
    request.int32();
    let isCut = false;
    const topics = request.array(() => {
      const topic = request.string() ?? "";
      const partitions = request.array(() => {
        const partition = request.int32();
        const fault = this.fault();
        isCut ||= fault === "cut";
        return { partition, ...this.#keep(topic, partition, request.bytes() ?? Buffer.alloc(0), fault) };
      });
      return { topic, partitions };
    });
    if (request.left !== 0) throw new Error("something follows the request");
    answer.array(topics, ({ topic, partitions }) => {
      answer.string(topic).array(partitions, ({ partition, error, offset }) => {
        answer.int32(partition).int16(error).int64(BigInt(offset)).int64(-1n).int64(0n);
      });
    });
    return isCut ? undefined : answer.int32(0).done();
  }

  #keep(topic: string, index: number, bytes: Buffer, fault: Fault): { readonly error: number; readonly offset: number } {
    const partition = this.#partitions(topic)[index];
    if (partition === undefined) throw new Error(`no partition ${index}`);
    const batch = readBatch(bytes);
    this.#counts.batches++;
    if (fault === "notLeader") return { error: errors.notLeader, offset: -1 };
    const { producerId, baseSequence, records } = batch;
    if (producerId < 1n || producerId >= this.#nextProducer) return { error: errors.unknownProducer, offset: -1 };
    const known = partition.producers.get(producerId);
    if (known !== undefined && baseSequence === known.last) {
      this.#counts.duplicates++;
      return { error: errors.none, offset: known.offset };
    }
    if (baseSequence !== (known?.next ?? 0)) {
      this.#problems.push(`${topic} ${index}: sequence ${baseSequence}, expected ${known?.next ?? 0}`);
      return { error: errors.outOfOrder, offset: -1 };
    }
    const offset = partition.records.length;
    partition.records.push(...records.map((record) => ({ ...record, topic, partition: index })));
    partition.producers.set(producerId, { next: baseSequence + records.length, last: baseSequence, offset });
    return { error: errors.none, offset };
  }
}

export const startBroker = (options: BrokerOptions = {}): KafkaBroker => {
  const broker = new KafkaBroker(options);
  broker.start();
  return broker;
};
