/**
 * The signature base (RFC 9421 section 2.5): what is signed.
 *
 *   "@method": POST
 *   "content-digest": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
 *   "@signature-params": ("@method" "content-digest");created=1618884473;keyid="app_1"
 */
import type { Component } from "./component.ts";
import type { Message } from "./message.ts";

/** Printable ASCII, tabs, and the line ends between components, whose values have none: nothing that two sides might encode differently. */
const baseText = /^[\t\n\x20-\x7e]*$/;

/** `parameters` is the last line's value. Undefined where the message lacks a component or has a value that cannot stand here. */
export const signatureBase = (message: Message, components: readonly Component[], parameters: string): string | undefined => {
  let base = "";
  for (const component of components) {
    const value = component.valueIn(message);
    if (value === undefined) return undefined;
    base += `${component.prefix}${value}\n`;
  }
  base += `"@signature-params": ${parameters}`;
  return baseText.test(base) ? base : undefined;
};
