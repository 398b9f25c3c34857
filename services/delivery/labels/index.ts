/** Paper of orders and manifests: labels, packing slips, pictures, hand-over acts, and who is named as the sender on them. */
export { labels, manifestLabels, orderLabels, parcelLabel } from "./labels.ts";
export { handOverAct, packingSlip, parcelPicture } from "./papers.ts";
export { senders } from "./senders.ts";
