/** Webhooks by themselves: how deliveries are signed, when they are tried again, what of an answer is kept. */
export { excerptOf } from "./excerpt.ts";
export { attemptsMax, breakerFailures, breakMs, pauseMs, pausesMs, retryAfterMs } from "./schedule.ts";
export {
  signWebhook,
  webhookKeyLabel,
  webhookPublicKey,
  type WebhookMessage,
  webhookSecret,
  type WebhookSigner,
  webhookSigner,
  type WebhookSigning,
  webhookSignings,
} from "./signature.ts";
