/** What the tests use of ws, which brings no types. */
declare module "ws" {
  export class WebSocket {
    constructor(address: string, protocols: readonly string[], options: { readonly headers: Readonly<Record<string, string>> });
    readonly protocol: string;
    send(text: string): void;
    on(event: "open", listener: () => void): void;
    on(event: "message", listener: (data: unknown) => void): void;
    on(event: "close", listener: (code: number, reason: unknown) => void): void;
  }
}
