// The Merkle proof of RFC 9162 section 2.1.3.2, checked here: the console's word is not taken for it.

import type { Proof } from "./api";
import { hex, sha256 } from "./passkeys";

const bytes = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

async function hashed(...parts: Uint8Array[]): Promise<Uint8Array> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await sha256(whole));
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export async function proves(told: Proof): Promise<boolean> {
  let hash = await hashed(LEAF, new TextEncoder().encode(told.fact.body));
  if (hex(hash) !== told.fact.leaf_hash) return false;
  let at = BigInt(told.fact.number), last = BigInt(told.size) - 1n;
  for (const sibling of told.path.map(bytes)) {
    if (last === 0n) return false;
    if (at & 1n || at === last) {
      hash = await hashed(NODE, sibling, hash);
      while (!(at & 1n) && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = await hashed(NODE, hash, sibling);
    }
    at >>= 1n;
    last >>= 1n;
  }
  return last === 0n && hex(hash) === told.root;
}
