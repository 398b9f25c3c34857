/**
 * The forms a call may have, by the media type of its request:
 *
 *   application/proto, application/json                    Connect, one message
 *   application/connect+proto, application/connect+json    Connect, streams
 *   application/grpc-web, +proto, +json                    gRPC-Web
 *   application/grpc-web-text, +proto                      gRPC-Web in base64
 *
 * connectrpc.com/docs/protocol; github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
 */
export type Codec = "proto" | "json";

export interface Form {
  readonly protocol: "connect" | "connectStream" | "grpcWeb";
  readonly codec: Codec;
  /** Everything is base64. */
  readonly isText: boolean;
  /** Media type of the answer. */
  readonly contentType: string;
}

const form = (protocol: Form["protocol"], codec: Codec, contentType: string, isText = false): Form => ({
  protocol,
  codec,
  isText,
  contentType,
});

const forms: ReadonlyMap<string, Form> = new Map([
  ["application/proto", form("connect", "proto", "application/proto")],
  ["application/json", form("connect", "json", "application/json")],
  ["application/connect+proto", form("connectStream", "proto", "application/connect+proto")],
  ["application/connect+json", form("connectStream", "json", "application/connect+json")],
  ["application/grpc-web", form("grpcWeb", "proto", "application/grpc-web+proto")],
  ["application/grpc-web+proto", form("grpcWeb", "proto", "application/grpc-web+proto")],
  ["application/grpc-web+json", form("grpcWeb", "json", "application/grpc-web+json")],
  ["application/grpc-web-text", form("grpcWeb", "proto", "application/grpc-web-text+proto", true)],
  ["application/grpc-web-text+proto", form("grpcWeb", "proto", "application/grpc-web-text+proto", true)],
]);

/** The form that a media type names; undefined for one that is not served. Parameters other than UTF-8 are not. */
export const formOf = (contentType: string | null): Form | undefined => {
  if (contentType === null) return undefined;
  const known = forms.get(contentType);
  if (known !== undefined) return known;
  const [type = "", ...parameters] = contentType.split(";", 4).map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every((parameter) => /^charset="?utf-8"?$/.test(parameter));
  return isUtf8 ? forms.get(type) : undefined;
};

export const acceptedTypes: readonly string[] = [...forms.keys()];

/** The form of a GET. */
export const getForm = (encoding: string | null): Form | undefined =>
  encoding === "proto" || encoding === "json" ? forms.get(`application/${encoding}`) : undefined;

/** What a call that is not understood is answered in: plain Connect. */
export const plainForm = form("connect", "json", "application/json");
