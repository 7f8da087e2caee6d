// Passkeys: what the browser is asked to sign is always the SHA-256 of words that begin with their purpose.

import { post, type Intent, type Plan } from "./api";

const PREFIX: Record<Intent, string> = {
  approve: "tidegate/plan-approval/1\0",
  refuse: "tidegate/plan-refusal/1\0",
  withdraw: "tidegate/plan-withdrawal/1\0",
};

export function hex(bytes: ArrayBuffer | Uint8Array): string {
  return Array.from(new Uint8Array(bytes), (one) => one.toString(16).padStart(2, "0")).join("");
}

function unhex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

function base64url(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export const sha256 = (bytes: BufferSource): Promise<ArrayBuffer> => crypto.subtle.digest("SHA-256", bytes);

export const canSign = (): boolean => typeof PublicKeyCredential !== "undefined" && !!navigator.credentials;

interface Asserted {
  credential: string;
  signature: string;
  assertion: { authenticator_data: string; client_data: string };
}

async function assertion(words: Uint8Array<ArrayBuffer>, rpId: string): Promise<Asserted> {
  const made = (await navigator.credentials.get({
    publicKey: { challenge: await sha256(words), rpId, userVerification: "required", timeout: 120_000 },
  })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAssertionResponse;
  return {
    credential: made.id,
    signature: hex(response.signature),
    assertion: {
      authenticator_data: hex(response.authenticatorData),
      client_data: hex(response.clientDataJSON),
    },
  };
}

export async function signIn(): Promise<void> {
  const { words, rp_id } = await post<{ words: string; rp_id: string }>("/api/sign-in/begin");
  await post("/api/sign-in", { words, ...(await assertion(unhex(words), rp_id)) });
}

export interface Made { name: string; fingerprint: string; code: string; credential: string }

export async function enrol(code: string): Promise<Made> {
  const asked = await post<{ words: string; rp_id: string; name: string; level: string }>(
    "/api/enrolment/begin",
    { code },
  );
  const made = (await navigator.credentials.create({
    publicKey: {
      rp: { id: asked.rp_id, name: "Tidegate" },
      user: {
        id: crypto.getRandomValues(new Uint8Array(32)),
        name: asked.name,
        displayName: asked.name,
      },
      challenge: await sha256(unhex(asked.words)),
      pubKeyCredParams: [
        { type: "public-key", alg: -8 },
        { type: "public-key", alg: -7 },
      ],
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
      timeout: 120_000,
    },
  })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  const told = await post<{ name: string; fingerprint: string }>("/api/enrolment", {
    code,
    words: asked.words,
    credential: made.id,
    client_data: base64url(response.clientDataJSON),
    attestation: base64url(response.attestationObject),
  });
  return { ...told, code, credential: made.id };
}

export type Standing = "waiting" | "on-roster" | "over";

/** What the terminal made of a new passkey. */
export async function standing({ code, credential }: Made): Promise<Standing> {
  return (await post<{ standing: Standing }>("/api/enrolment/standing", { code, credential })).standing;
}

/** The plan as its exact bytes tell it, with their digest: what is shown is made from what is signed. */
export async function readPlan(bytes: ArrayBuffer): Promise<{ plan: Plan; digest: string }> {
  const plan = JSON.parse(new TextDecoder().decode(bytes)) as Plan;
  return { plan, digest: hex(await sha256(bytes)) };
}

/** The word of whoever holds the passkey, over exactly these bytes. */
export async function giveWord(
  number: number,
  intent: Intent,
  bytes: ArrayBuffer,
): Promise<{ stage: string; lacking: string }> {
  const prefix = new TextEncoder().encode(PREFIX[intent]);
  const words = new Uint8Array(prefix.length + bytes.byteLength);
  words.set(prefix);
  words.set(new Uint8Array(bytes), prefix.length);
  const { signature, assertion: told } = await assertion(words, location.hostname);
  return post(`/api/plans/${number}/word`, { intent, signature, assertion: told });
}
