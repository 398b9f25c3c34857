/**
 * Signature-Input and Signature (RFC 9421 section 4): read strictly, and the one signature that is for us chosen.
 *
 *   Signature-Input: pons=("@method" "@target-uri" "content-digest");created=1618884473;keyid="app_1";nonce="b3k2pp5k7z"
 *   Signature: pons=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:
 *
 * Both must name the same labels, each once. Limits: 4 signatures, 64 components, 1,024 bytes of signature.
 */
import { BoundedCache } from "../bounded-cache.ts";
import { parseDictionary } from "../structured-fields.ts";
import type { BareItem, Dictionary, Member, Parameters } from "../structured-fields.ts";
import { serializeList } from "../structured-fields-write.ts";
import { type Component, compileComponents, type ComponentOptions, knownFieldTypes } from "./component.ts";
import type { Fields, Message } from "./message.ts";
import { isProblem, type Problem, problem } from "./problem.ts";

const signaturesMax = 4;
const componentsMax = 64;
const signatureBytesMax = 1_024;
const headerLengthMax = 8_192;

/** The parameters of a signature that RFC 9421 section 2.3 knows. */
export interface SignatureParameters {
  /** Seconds since the epoch. */
  readonly created?: number;
  readonly expires?: number;
  readonly nonce?: string;
  readonly alg?: string;
  readonly keyid?: string;
  readonly tag?: string;
}

export interface SignatureInput {
  readonly label: string;
  readonly components: readonly Component[];
  readonly parameters: SignatureParameters;
  /** The value of `@signature-params`, as it stands in the base. */
  readonly text: string;
  readonly signature: Uint8Array;
}

export interface InputOptions extends Omit<ComponentOptions, "kind"> {
  /** The label or tag of the signature that is meant, where there are several. */
  readonly label: string;
}

const numbers: ReadonlySet<string> = new Set(["created", "expires"]);
const texts: ReadonlySet<string> = new Set(["nonce", "alg", "keyid", "tag"]);

/** Undefined for one of the wrong type. */
const parameterOf = (name: string, bare: BareItem): number | string | undefined => {
  if (numbers.has(name)) return bare.type === "integer" ? bare.value : undefined;
  return bare.type === "string" ? bare.value : undefined;
};

const parametersOf = (parameters: Parameters): SignatureParameters | Problem => {
  const result: Record<string, number | string> = {};
  for (const [name, bare] of parameters) {
    if (!numbers.has(name) && !texts.has(name)) return problem("parameter_unknown");
    const value = parameterOf(name, bare);
    if (value === undefined) return problem("signature_malformed");
    result[name] = value;
  }
  return result;
};

const tagOf = (member: Member): string | undefined => {
  const tag = member.parameters.get("tag");
  return tag?.type === "string" ? tag.value : undefined;
};

/** The label meant: the only one, the one with our name, or the only one with our tag. */
const choose = (inputs: Dictionary, label: string): string | undefined => {
  if (inputs.has(label)) return label;
  const labels = [...inputs.keys()];
  if (labels.length === 1) return labels[0];
  const tagged = [...inputs].filter(([, member]) => tagOf(member) === label);
  return tagged.length === 1 ? tagged[0]?.[0] : undefined;
};

const haveSameLabels = (inputs: Dictionary, signatures: Dictionary): boolean =>
  inputs.size === signatures.size && [...inputs.keys()].every((label) => signatures.has(label));

/** Any headers, read by the parser of structured fields. */
const readAny = (
  inputHeader: string,
  signatureHeader: string,
  { kind, label: wanted, types }: InputOptions & ComponentOptions,
): SignatureInput | Problem => {
  const inputs = parseDictionary(inputHeader, { repeated: "refuse" });
  const signatures = parseDictionary(signatureHeader, { repeated: "refuse" });
  if (inputs === undefined || signatures === undefined) return problem("signature_malformed");
  if (inputs.size === 0 || signatures.size === 0) return problem("signature_missing");
  if (inputs.size > signaturesMax || signatures.size > signaturesMax) return problem("signature_too_large");
  if (!haveSameLabels(inputs, signatures)) return problem("signature_malformed");
  const label = choose(inputs, wanted);
  if (label === undefined) return problem("signature_ambiguous");
  const input = inputs.get(label);
  const signature = signatures.get(label);
  if (input === undefined || signature === undefined || !("items" in input) || !("bare" in signature))
    return problem("signature_malformed");
  if (signature.bare.type !== "binary" || signature.parameters.size > 0) return problem("signature_malformed");
  if (input.items.length > componentsMax || signature.bare.value.length > signatureBytesMax)
    return problem("signature_too_large");
  const components = compileComponents(input.items, types === undefined ? { kind } : { kind, types });
  if (isProblem(components)) return components;
  const parameters = parametersOf(input.parameters);
  if (isProblem(parameters)) return parameters;
  return { label, components, parameters, text: serializeList([input]), signature: signature.bare.value };
};

/**
 * One signature, written as every signer writes it: the list of components as its canonical text, then the parameters. The lists repeat from
 * request to request and are compiled once. What is written in another way is left to `readAny`, which gives the same for these.
 */
const plainInput =
  /^([a-z*][a-z0-9_.*-]*)=(\((?:[^"()\\]|"[^"\\]*")*\))((?:;[a-z]+=(?:"[\x20\x21\x23-\x5b\x5d-\x7e]*"|0|[1-9][0-9]{0,14}))*)$/;
const plainParameter = /;([a-z]+)=(?:"([^"]*)"|([0-9]+))/g;
const plainSignature = /^([a-z*][a-z0-9_.*-]*)=:((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?):$/;

/** Canonical texts of lists of components of requests. */
const lists = new BoundedCache<readonly Component[]>({ entriesMax: 1_024, keyLengthMax: 1_024 });

const readPlain = (inputHeader: string, signatureHeader: string): SignatureInput | undefined => {
  const input = plainInput.exec(inputHeader);
  const components = input === null ? undefined : lists.get(input[2] as string);
  if (input === null || components === undefined) return undefined;
  const signed = plainSignature.exec(signatureHeader);
  if (signed === null || signed[1] !== input[1]) return undefined;
  const signature = Buffer.from(signed[2] as string, "base64");
  if (signature.length > signatureBytesMax) return undefined;
  const parameters: Record<string, number | string> = {};
  for (const [, name = "", text, number] of (input[3] as string).matchAll(plainParameter)) {
    const isNumber = numbers.has(name);
    const value = isNumber ? number : text;
    if (value === undefined || name in parameters || (!isNumber && !texts.has(name))) return undefined;
    parameters[name] = isNumber ? Number(value) : value;
  }
  return {
    label: input[1] as string,
    components,
    parameters,
    text: (input[2] as string) + (input[3] as string),
    signature,
  };
};

const keep = ({ components, text }: SignatureInput): void => {
  const list = `(${components.map(({ identifier }) => identifier).join(" ")})`;
  if (text.startsWith(list)) lists.set(list, components);
};

/** The signature of a message that is meant for us, or why there is none. */
export const readSignatureInput = (headers: Fields, kind: Message["kind"], options: InputOptions): SignatureInput | Problem => {
  const inputHeader = headers.get("signature-input");
  const signatureHeader = headers.get("signature");
  if (inputHeader === null || signatureHeader === null) return problem("signature_missing");
  if (inputHeader.length > headerLengthMax || signatureHeader.length > headerLengthMax) return problem("signature_too_large");
  const isUsual = kind === "request" && (options.types === undefined || options.types === knownFieldTypes);
  const plain = isUsual ? readPlain(inputHeader, signatureHeader) : undefined;
  if (plain !== undefined) return plain;
  const read = readAny(inputHeader, signatureHeader, { ...options, kind });
  if (isUsual && !isProblem(read)) keep(read);
  return read;
};
