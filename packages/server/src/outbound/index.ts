/** Connections to addresses that users name. */
export { OutboundRefused, outboundFetch } from './client.ts';
export { OutboundPolicy } from './policy.ts';
