/**
 * The signature base (RFC 9421 section 2.5): what is signed.
 *
 *   "@method": POST
 *   "content-digest": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
 *   "@signature-params": ("@method" "content-digest");created=1618884473;keyid="app_1"
 */
import type { Component } from "./component.ts";
import type { Message } from "./message.ts";

const parametersStart = '"@signature-params": ';

/** `parameters` is the last line's value. Undefined where the message lacks a component, or has a value that cannot stand here. */
export const signatureBase = (message: Message, components: readonly Component[], parameters: string): string | undefined => {
  let base = "";
  for (let index = 0; index < components.length; index++) {
    const component = components[index] as Component;
    const value = component.valueIn(message);
    if (value === undefined) return undefined;
    base += (index === 0 ? component.start : component.separator) + value;
  }
  return base + (components.length === 0 ? parametersStart : `\n${parametersStart}`) + parameters;
};
